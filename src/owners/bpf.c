/* bpf.c - the finder that asks the kernel's task_file iterator. */
#include <sockview/finder.h>

#include <errno.h>

int finder_bpf(const struct finder_request *request, struct owners *owners, struct error *error)
{
	(void)request;
	(void)error;
	owners->report.bpf_errno = ENOSYS;
	owners->report.bpf_why = "not built with the BPF iterator";
	return 1;
}
