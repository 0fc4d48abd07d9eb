// SPDX-License-Identifier: MIT
/* listener.h - one listener, judged: by thresholds that were given. */
#ifndef SOCKVIEW_HEALTH_LISTENER_JUDGE_H
#define SOCKVIEW_HEALTH_LISTENER_JUDGE_H

#include <sockview/health_listener.h>

#include "health/health_rules.h"

/* With value and text; HEALTH_KEYS: nothing is found. */
enum health_key listener_judge(const double threshold[HEALTH_KEYS], struct health_listener *listener);

#endif
