// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Outcomes as a table, a line each as they come.
 */
#include <errno.h>
#include <string.h>

#include "bench.h"

const char *const measure_names[2] = { "latency", "throughput" };
const char *const place_names[2] = { "same", "different" };

/* Why there is no figure. */
const char *outcome_reason(const struct outcome *outcome)
{
	switch (-outcome->err) {
	case EMSGSIZE:
		return "not messages of that size";
	case EBADMSG:
		return "what arrived is not what was sent";
	case ETIMEDOUT:
		return "no end within the time";
	default:
		return ipcbox_strerror(outcome->err);
	}
}

static void table_begin(const struct settings *settings)
{
	printf("median of %u repetitions of %.3g ms or more, each of both quartiles beside it;\n"
	       "latency: of a round trip; throughput: of a message one way\n\n",
	       settings->repeats, (double)settings->duration / 1e6);
	printf("%-10s %-9s %-5s %5s %-16s %11s %10s %10s %9s %5s\n", "measure",
	       "cpus", "procs", "size", "transport", "ns", "quartile",
	       "quartile", "MB/s", "cs/op");
}

static void table_outcome(const struct trial *trial,
			  const struct outcome *outcome)
{
	char size[24], procs[24];

	print_size(trial->len, size, sizeof(size));
	snprintf(procs, sizeof(procs), "%u:%u", trial->producers,
		 trial->consumers);
	printf("%-10s %-9s %-5s %5s %-16s ", measure_names[trial->measure],
	       place_names[trial->place], procs, size, trial->transport->name);
	if (outcome->err)
		printf("%11s (%s)\n", "-", outcome_reason(outcome));
	else
		printf("%11.0f %10.0f %10.0f %9.1f %5.2f\n", outcome->median,
		       outcome->quartile[0], outcome->quartile[1],
		       (double)trial->len * 1e3 / outcome->median,
		       outcome->switches);
	fflush(stdout);
}

static int table_end(void)
{
	return finish_stdout();
}

const struct writer table_writer = {
	.begin = table_begin,
	.outcome = table_outcome,
	.end = table_end,
};
