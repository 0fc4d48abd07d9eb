/* sock_events.c - the BPF programs that see sockets change, loaded; and their ring of records (sock_events.h). */
#include "events/sock_events.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <sockview/bpf_skeleton.h>

#ifndef BPF_MISSING

#include "events/sock_events.lskel.h"

/* include/linux/proc_ns.h: PROC_PID_INIT_INO */
#define INITIAL_PIDNS 0xEFFFFFFCu

/* Two pages before the data: how far we have read, how far the programs have written (kernel/bpf/ringbuf.c). */
struct sock_events {
	struct sock_events_skel *skel;
	unsigned long *consumed;
	char *produced;
	size_t page, size;
};

static void *ring_map(size_t len, int protection, int fd, size_t at)
{
	void *place = mmap(NULL, len, protection, MAP_SHARED, fd, (off_t)at);
	return place == MAP_FAILED ? NULL : place;
}

static int ring_open(struct sock_events *programs)
{
	int fd = programs->skel->maps.records.map_fd;
	programs->page = (size_t)sysconf(_SC_PAGESIZE);
	programs->size = programs->skel->maps.records.max_entries ? programs->skel->maps.records.max_entries : 8u << 20;
	programs->consumed = ring_map(programs->page, PROT_READ | PROT_WRITE, fd, 0);
	programs->produced = ring_map(programs->page + 2 * programs->size, PROT_READ, fd, programs->page);
	return programs->consumed && programs->produced ? 0 : -1;
}

static int find_pidns(struct sock_events_skel *skel)
{
	struct stat stat_;
	if (stat("/proc/self/ns/pid", &stat_) < 0)
		return -1;
	skel->rodata->nested = stat_.st_ino != INITIAL_PIDNS;
	skel->rodata->pidns_inode = stat_.st_ino;
	/* The kernel's own form of it (MKDEV()). */
	skel->rodata->pidns_dev = (unsigned long long)major(stat_.st_dev) << 20 | minor(stat_.st_dev);
	return 0;
}

struct sock_events *sock_events_load(uint32_t netns, const char **why)
{
	struct sock_events *programs = calloc(1, sizeof(*programs));
	*why = "cannot load the BPF programs";
	if (!programs)
		return NULL;
	programs->skel = sock_events_skel__open();
	if (programs->skel && find_pidns(programs->skel) == 0) {
		programs->skel->rodata->wanted_netns = netns;
		if (sock_events_skel__load(programs->skel) == 0) {
			*why = "cannot attach the BPF programs";
			if (sock_events_skel__attach(programs->skel) == 0 && ring_open(programs) == 0)
				return programs;
		}
	}
	int saved = errno;
	sock_events_free(programs);
	errno = saved;
	return NULL;
}

void sock_events_free(struct sock_events *programs)
{
	if (!programs)
		return;
	if (programs->consumed)
		munmap(programs->consumed, programs->page);
	if (programs->produced)
		munmap(programs->produced, programs->page + 2 * programs->size);
	if (programs->skel)
		sock_events_skel__destroy(programs->skel);
	free(programs);
}

int sock_events_seed(struct sock_events *programs)
{
	char none[256];
	int fd = bpf_iterator_open(programs->skel->links.seed_fd);
	ssize_t got = -1;
	if (fd < 0)
		return -1;
	/* It writes nothing: one read runs it to its end, unless the kernel gives others their turn (EAGAIN). */
	do
		got = read(fd, none, sizeof(none));
	while (got < 0 && (errno == EAGAIN || errno == EINTR));
	int saved = errno;
	close(fd);
	errno = saved;
	return got < 0 ? -1 : 0;
}

int sock_events_read(struct sock_events *programs, size_t limit,
                     int (*sink)(void *context, const struct event_record *record), void *context)
{
	const char *data = programs->produced + programs->page;
	unsigned long at = __atomic_load_n(programs->consumed, __ATOMIC_ACQUIRE);
	unsigned long end = __atomic_load_n((unsigned long *)programs->produced, __ATOMIC_ACQUIRE);
	int answer = 0;
	for (; limit && at < end && !answer; limit--) {
		const char *place = data + (at & (programs->size - 1));
		uint32_t head = __atomic_load_n((const uint32_t *)place, __ATOMIC_ACQUIRE);
		uint32_t len = head & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);
		if (head & BPF_RINGBUF_BUSY_BIT)
			break;
		if (!(head & BPF_RINGBUF_DISCARD_BIT) && len == sizeof(struct event_record))
			answer = sink(context, (const struct event_record *)(place + BPF_RINGBUF_HDR_SZ));
		at += (len + BPF_RINGBUF_HDR_SZ + 7) & ~7ul;
		__atomic_store_n(programs->consumed, at, __ATOMIC_RELEASE);
	}
	return answer;
}

uint64_t sock_events_lost(const struct sock_events *programs)
{
	return __atomic_load_n(&programs->skel->bss->lost, __ATOMIC_RELAXED);
}

bool sock_events_missed(const struct sock_events *programs, uint64_t *missed)
{
	__u64 stated, destroyed;
	return bpf_program_missed(programs->skel->progs.on_state.prog_fd, &stated) &&
	       bpf_program_missed(programs->skel->progs.on_destroy.prog_fd, &destroyed) &&
	       ((*missed = stated + destroyed), true);
}

#else

struct sock_events *sock_events_load(uint32_t netns, const char **why)
{
	(void)netns;
	*why = BPF_MISSING;
	errno = 0;
	return NULL;
}

void sock_events_free(struct sock_events *programs)
{
	(void)programs;
}

int sock_events_seed(struct sock_events *programs)
{
	(void)programs;
	return -1;
}

int sock_events_read(struct sock_events *programs, size_t limit,
                     int (*sink)(void *context, const struct event_record *record), void *context)
{
	return programs && limit ? sink(context, NULL) : 0;
}

uint64_t sock_events_lost(const struct sock_events *programs)
{
	return programs ? 1 : 0;
}

bool sock_events_missed(const struct sock_events *programs, uint64_t *missed)
{
	*missed = 0;
	return !programs;
}

#endif
