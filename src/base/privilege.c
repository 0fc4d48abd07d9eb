// SPDX-License-Identifier: MIT
/*
 * privilege.c - the only file that knows libcap; see privilege.h.
 *
 * Sets of capabilities are masks here, capability N at bit N.
 */
#include <sockview/privilege.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/capability.h>
#include <sys/prctl.h>
#include <unistd.h>
#include <linux/securebits.h>

/* Linux 5.8; an older libcap does not name them. */
#ifndef CAP_PERFMON
#define CAP_PERFMON 38
#define CAP_BPF     39
#endif

#define BIT(capability) (UINT64_C(1) << (capability))
#define BPF_CAPS        (BIT(CAP_BPF) | BIT(CAP_PERFMON))

/* What file capabilities or set-user-ID may add to the caller's own rights: what finds owners. */
#define COLLECTION (BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH) | BPF_CAPS | BIT(CAP_SYS_ADMIN))

#define CAPABILITIES 64

static uint64_t mask_of(cap_t state, cap_flag_t set)
{
	uint64_t mask = 0;
	for (int capability = 0; capability < CAPABILITIES; capability++) {
		cap_flag_value_t value = CAP_CLEAR;
		if (!cap_get_flag(state, capability, set, &value) && value == CAP_SET)
			mask |= BIT(capability);
	}
	return mask;
}

static int permitted_mask(uint64_t *permitted)
{
	cap_t state = cap_get_proc();
	if (!state)
		return -1;
	*permitted = mask_of(state, CAP_PERMITTED);
	cap_free(state);
	return 0;
}

static int fill_set(cap_t state, cap_flag_t set, uint64_t mask)
{
	for (cap_value_t capability = 0; capability < CAPABILITIES; capability++)
		if (mask & BIT(capability) && cap_set_flag(state, set, 1, &capability, CAP_SET))
			return -1;
	return 0;
}

static int masks_apply(uint64_t permitted, uint64_t effective, uint64_t inheritable)
{
	cap_t state = cap_init();
	if (!state)
		return -1;
	int failed = fill_set(state, CAP_PERMITTED, permitted) || fill_set(state, CAP_EFFECTIVE, effective) ||
	             fill_set(state, CAP_INHERITABLE, inheritable) || cap_set_proc(state);
	int saved = errno;
	cap_free(state);
	errno = saved;
	return failed ? -1 : 0;
}

/* An ambient capability is permitted (capabilities(7)): no other is asked for. */
static uint64_t ambient_mask(uint64_t permitted)
{
	uint64_t mask = 0;
	for (unsigned long capability = 0; capability < CAPABILITIES; capability++)
		if (permitted & BIT(capability) && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, capability, 0, 0) == 1)
			mask |= BIT(capability);
	return mask;
}

/* Root gets all capabilities from any exec (capabilities(7)), unless that is switched off. */
static bool is_plain_root(uid_t real, uid_t effective)
{
	int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
	return !real && !effective && !(bits > 0 && bits & SECBIT_NOROOT);
}

/*
 * The next file that is opened would take the number of a closed standard
 * stream. The file opened in its place must fail with EBADF, as the closed
 * stream would: standard input cannot be read, the others cannot be written.
 */
static int streams_fill(void)
{
	for (int fd = 0; fd <= 2; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF)
			continue;
		if (open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY) != fd)
			return -1;
	}
	return 0;
}

/* Groups first: afterwards we may not. KEEPCAPS, as leaving user 0 empties the permitted set. */
static int become_caller(void)
{
	uid_t uid = getuid();
	gid_t gid = getgid();
	if (geteuid() == uid && getegid() == gid)
		return 0;
	if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) || setresgid(gid, gid, gid) || setresuid(uid, uid, uid))
		return -1;
	return prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0);
}

static bool has_all(uint64_t mask, uint64_t wanted)
{
	return (mask & wanted) == wanted;
}

static void describe(struct privilege *privilege, uint64_t permitted)
{
	privilege->has_ptrace = permitted & BIT(CAP_SYS_PTRACE);
	privilege->has_read_search = permitted & (BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_DAC_OVERRIDE));
	privilege->sees_fds = privilege->has_ptrace && privilege->has_read_search;
	privilege->has_net_admin = permitted & BIT(CAP_NET_ADMIN);
	privilege->has_storage = permitted & privilege->own & (BIT(CAP_BPF) | BIT(CAP_SYS_ADMIN));
	privilege->has_bpf = has_all(permitted, BPF_CAPS) || permitted & BIT(CAP_SYS_ADMIN);
}

int privilege_begin(struct privilege *privilege)
{
	uint64_t permitted;
	uid_t uid = getuid(), euid = geteuid();
	*privilege = (struct privilege){ .root = !uid };
	if (streams_fill() || permitted_mask(&permitted))
		return -1;
	privilege->own = is_plain_root(uid, euid) ? permitted : ambient_mask(permitted);
	privilege->elevated =
		getauxval(AT_SECURE) || euid != uid || getegid() != getgid() || permitted & ~privilege->own;
	if (!privilege->elevated) {
		describe(privilege, permitted);
		return 0;
	}
	permitted &= COLLECTION | privilege->own;
	/* Inheritable capabilities too: `own` may be ambient, which needs them inheritable. */
	if (become_caller() || masks_apply(permitted, privilege->own, privilege->own))
		return -1;
	describe(privilege, permitted);
	return 0;
}

/* The fewest capabilities that do; of two that serve, the wider one only where the narrower is not permitted. */
static uint64_t wanted_mask(const struct privilege *privilege, unsigned needs, uint64_t permitted)
{
	uint64_t want = 0;
	if (needs & PRIVILEGE_FDS) {
		bool search = permitted & BIT(CAP_DAC_READ_SEARCH);
		want |= BIT(CAP_SYS_PTRACE) | BIT(search ? CAP_DAC_READ_SEARCH : CAP_DAC_OVERRIDE);
		/*
		 * Without CAP_SYS_PTRACE the kernel still lets us look into our own
		 * user's processes that have no capability in effect that we lack
		 * (cap_ptrace_access_check, security/commoncap.c): in a container
		 * root sees root's processes only as long as it gives nothing up.
		 */
		if (!(permitted & BIT(CAP_SYS_PTRACE)))
			want |= privilege->own;
	}
	if (needs & PRIVILEGE_MARK)
		want |= BIT(CAP_NET_ADMIN) & privilege->own;
	if (needs & PRIVILEGE_BPF)
		want |= has_all(permitted, BPF_CAPS) ? BPF_CAPS : BIT(CAP_SYS_ADMIN);
	if (needs & PRIVILEGE_STORAGE)
		want |= BIT(permitted & BIT(CAP_BPF) ? CAP_BPF : CAP_SYS_ADMIN) & privilege->own;
	if (needs & PRIVILEGE_BIND)
		want |= BIT(CAP_NET_BIND_SERVICE) & privilege->own;
	if (needs & PRIVILEGE_BPF_LIST)
		want |= BIT(CAP_SYS_ADMIN) & privilege->own;
	if (needs & PRIVILEGE_CGROUPS)
		want |= BIT(CAP_DAC_READ_SEARCH) & privilege->own;
	if (needs & PRIVILEGE_KILL)
		want |= BIT(CAP_KILL) & privilege->own;
	if (needs & PRIVILEGE_SET_USER)
		want |= (BIT(CAP_SETUID) | BIT(CAP_SETGID)) & privilege->own;
	/*
	 * setns() takes CAP_SYS_ADMIN; to find the namespace, CAP_SYS_PTRACE (PID/ns)
	 * and a way to its mount, or CAP_NET_ADMIN there, which a socket asks for (SIOCGSKNS).
	 */
	if (needs & PRIVILEGE_NETNS)
		want |= (BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_PTRACE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_NET_ADMIN)) &
		        privilege->own;
	return want & permitted;
}

/*
 * No exec gives back what is given up. NO_NEW_PRIVS is enough: the kernel cuts
 * what a file or user 0 would add to what there was before
 * (cap_bprm_creds_from_file(), security/commoncap.c). Behind it, for root alone
 * (it takes CAP_SETPCAP), user 0 is nothing special any more. One call, where
 * to empty the bounding set takes one for each capability.
 */
static int exec_gives_nothing(void)
{
	int bits = prctl(PR_GET_SECUREBITS, 0, 0, 0, 0);
	if (bits >= 0 && !(bits & SECBIT_NOROOT_LOCKED))
		prctl(PR_SET_SECUREBITS, (unsigned long)bits | SECBIT_NOROOT | SECBIT_NOROOT_LOCKED, 0, 0, 0);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

int privilege_raise(const struct privilege *privilege, unsigned needs)
{
	uint64_t permitted;
	if (permitted_mask(&permitted))
		return -1;
	uint64_t want = wanted_mask(privilege, needs, permitted);
	if (exec_gives_nothing())
		return -1;
	/* Emptying the inheritable set empties the ambient one with it. */
	return masks_apply(want, want & privilege->own, 0);
}

int privilege_owners(const struct privilege *privilege, bool in_effect)
{
	uint64_t permitted;
	if (!privilege->elevated)
		return 0;
	if (permitted_mask(&permitted))
		return -1;
	return masks_apply(permitted, in_effect ? permitted : permitted & privilege->own, 0);
}

int privilege_own(const struct privilege *privilege)
{
	uint64_t permitted;
	if (!privilege->elevated)
		return 0;
	if (permitted_mask(&permitted))
		return -1;
	return masks_apply(permitted & privilege->own, permitted & privilege->own, 0);
}

int privilege_rest(void)
{
	uint64_t permitted;
	if (permitted_mask(&permitted))
		return -1;
	return masks_apply(permitted, 0, 0);
}

int privilege_drop(void)
{
	if (exec_gives_nothing())
		return -1;
	return masks_apply(0, 0, 0);
}
