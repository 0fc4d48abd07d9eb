// SPDX-License-Identifier: MIT
/*
 * openmetrics.h - OpenMetrics 1.0 text: families of metrics, their samples, the end.
 *
 * It is read as Prometheus's older text format, too: `# EOF` is a comment there.
 */
#ifndef SOCKVIEW_OPENMETRICS_H
#define SOCKVIEW_OPENMETRICS_H

#include <sockview/out.h>
#include <sockview/text.h>

enum metric_type { METRIC_GAUGE, METRIC_COUNTER };

struct metric_family {
	const char *name; /* of a counter without its _total, which its samples have */
	enum metric_type type;
	const char *unit; /* the end of the name: "bytes", "seconds", "ratio"; NULL: none */
	const char *help; /* a line */
};

/* The value may be hostile; data NULL leaves the label out. */
struct metric_label {
	const char *name;
	struct bytes value;
};

/* A label's value of a text of our own; NULL leaves it out. */
struct bytes metric_text(const char *text);
/* HELP, TYPE and UNIT; the family's samples follow. */
void metric_family_out(struct out *out, const struct metric_family *family);
void metric_sample(struct out *out, const struct metric_family *family, const struct metric_label *labels, size_t count,
                   uint64_t value);
void metric_sample_real(struct out *out, const struct metric_family *family, const struct metric_label *labels,
                        size_t count, double value);
/* `# EOF` */
void metric_end(struct out *out);

#endif
