/* rights.h - see rights.c. */
#ifndef SOCKVIEW_RUN_RIGHTS_H
#define SOCKVIEW_RUN_RIGHTS_H

#include "run/invocation.h"

/* Those that the run's needs take, and no others. 0, or -1 with error. */
int rights_raise(struct run *run);
/* After the look for owners: what the caller has not himself is out of effect. 0, or -1 with error. */
int rights_away(struct run *run);
/* ... and gone for good, as nothing that follows needs it. */
int rights_own(struct run *run);
/* For good after the last look; before another, rights_raise() can bring them back. 0, or -1 with error. */
int rights_drop(struct run *run, bool last);
/* Rights of ours are used neither on processes nor on sockets: a caller with more of them than he has himself chose another /proc. */
bool rights_unused(const struct run *run);

#endif
