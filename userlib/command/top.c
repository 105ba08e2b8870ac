// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox top: what goes on, by port and by user.
 *
 * On a terminal it is a picture that changes; elsewhere, or with a count, one
 * table after the other.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "top.h"

static const char top_help[] =
"Usage: ipcbox top [OPTION]...\n"
"\n"
"Show, again and again, what goes on at the ports of this box; or by user, who\n"
"has how much of its quotas, in all boxes together. Everybody sees the own user,\n"
"root (CAP_IPC_OWNER) all.\n"
"\n"
"Options:\n"
"  -b, --by=port|user       a table of ports (default), or of users\n"
"  -i, --interval=SECONDS   time between two tables; default 2\n"
"  -c, --count=N            print N tables, then end\n"
"  -s, --sort=COLUMN        by the column of this title: the largest number first\n"
"  -j, --json               each table as a JSON object on a line of its own\n"
"  -h, --help               this text\n"
"\n"
"Keys: q quits, u shows users, p ports, s sorts by the next column. Where the\n"
"output is no terminal, or with --count or --json, tables are printed one after\n"
"the other, the first after one interval.\n"
"\n"
"Columns: QUEUED messages of CAPACITY; messages and bytes of payload SENT and\n"
"RECeiVed for each second; SENDERS and RECEIVERS that wait; messages HELD by\n"
"receivers, which have a lease or owe a reply, and LOST by slow ones.\n"
"\n"
"Examples:\n"
"  ipcbox top\n"
"  ipcbox top --by user --sort ports\n"
"  ipcbox top --count 1 --json | jq '.ports[] | [.name, .sent_per_s]'\n";

struct top_job {
	enum top_by by;
	double interval;
	uint64_t count;
	bool counted;
	bool json;
	const char *sort;
};

static int top_print(const struct top *top, enum top_by by, bool first)
{
	struct table table;
	size_t i;

	if (!first)
		putchar('\n');
	top_table(top, by, &table);
	table_measure(&table, terminal_width());
	table_print_titles(&table);
	putchar('\n');
	for (i = 0; i < table.count; i++) {
		table_print_row(&table, i);
		putchar('\n');
	}
	return finish_stdout();
}

static void sleep_until(double when)
{
	double seconds = when - top_now();
	struct timespec time = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
	};

	if (seconds > 0)
		nanosleep(&time, NULL);
}

/* An exit code. */
static int top_next(struct top *top, const struct top_job *job, int box)
{
	int err = job->by == TOP_BY_USER ? top_look_users(top, box) : 0;

	if (!err)
		err = top_look(top, box);
	return err ? fail(err, "cannot list %s", job->by == TOP_BY_USER ?
						 "users" : "ports") : EXIT_OK;
}

static int top_batch(struct top *top, const struct top_job *job, int box)
{
	double next = top_now();
	uint64_t i;
	int code = top_next(top, job, box);

	for (i = 0; !code && i < job->count; i++) {
		next += job->interval;
		sleep_until(next);
		code = top_next(top, job, box);
		if (!code)
			code = job->json ? top_json(top, job->by) :
					   top_print(top, job->by, !i);
	}
	return code;
}

static int top_show(const struct top_job *job)
{
	struct top top = { 0 };
	int box, code = 0;

	top_sort_default(&top);
	if (job->sort)
		code = top_sort_by(&top, job->by, job->sort);
	if (code)
		return code;
	box = open_box();
	if (box < 0)
		return -box;
	if (job->json || job->counted || !screen_possible())
		code = top_batch(&top, job, box);
	else
		code = top_interactive(&top, job->by, box, job->interval);
	top_free(&top);
	close(box);
	return code;
}

static int parse_by(const char *text, enum top_by *by)
{
	if (!strcmp(text, "port"))
		*by = TOP_BY_PORT;
	else if (!strcmp(text, "user"))
		*by = TOP_BY_USER;
	else
		return usage("--by takes port or user, not '%s'", text);
	return 0;
}

static int parse_interval(const char *text, double *interval)
{
	int code = parse_seconds("--interval", text, interval);

	if (!code && (*interval < 0.1 || *interval > 86400))
		return usage("--interval takes 0.1 to 86400 seconds, not '%s'",
			     text);
	return code;
}

static int top_option(struct top_job *job, int option)
{
	switch (option) {
	case 'b':
		return parse_by(optarg, &job->by);
	case 'i':
		return parse_interval(optarg, &job->interval);
	case 'c':
		job->counted = true;
		return parse_number("--count", optarg, UINT64_MAX, &job->count);
	case 's':
		job->sort = optarg;
		return 0;
	case 'j':
		job->json = true;
		return 0;
	default:
		return usage_told();
	}
}

static int top_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "by", required_argument, NULL, 'b' },
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'c' },
		{ "sort", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct top_job job = { .interval = 2, .count = UINT64_MAX };
	int option, code;

	while ((option = getopt_long(argc, argv, "b:i:c:s:j", options,
				     NULL)) != -1) {
		code = top_option(&job, option);
		if (code)
			return code;
	}
	if (optind < argc)
		return usage("'%s' is one argument too many (ipcbox stat shows one port)",
			     argv[optind]);
	return top_show(&job);
}

const struct command top_command = {
	.name = "top",
	.summary = "show what goes on, by port or by user",
	.help = top_help,
	.run = top_run,
};
