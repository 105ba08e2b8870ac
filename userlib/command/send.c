// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox send: send messages, from arguments, files or standard input.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"

static const char send_help[] =
"Usage: ipcbox send [OPTION]... NAME [MESSAGE]...\n"
"       ipcbox send [OPTION]... NAME --file=FILE\n"
"       ipcbox send [OPTION]... NAME --lines|--null [FILE]...\n"
"       ipcbox send [OPTION]... --to=PID, and the same without NAME\n"
"\n"
"Send each MESSAGE, or FILE as one message, or each of its lines as one. Without\n"
"any, standard input is the message; FILE - is standard input, too. While the\n"
"port is full, it waits. To a ring, each run of this command sends in a lane of\n"
"its own.\n"
"\n"
"Options:\n"
"  -T, --to=PID             send to the inbox of this process, not to a port\n"
"  -f, --file=FILE          send FILE as one message\n"
"  -l, --lines              send each line, without its newline\n"
"  -0, --null               send each record that ends in a NUL\n"
"  -t, --type=TYPE          type of the messages, a number; 0 (default) for none\n"
"  -p, --priority=N         0 (default) to 31; higher ones are received first\n"
"  -w, --timeout=SECONDS    wait no longer than this for each message\n"
"  -n, --nowait             do not wait: fail if the port is full\n"
"  -c, --count=N            send all of it N times (not with --lines, --null)\n"
"  -i, --interval=SECONDS   pause between two messages\n"
"  -r, --receipt            wait until each message is received, and print the\n"
"                           process that has received it\n"
"  -v, --verbose            print the id of each message on standard error\n"
"  -h, --help               this text\n"
"\n"
"Examples:\n"
"  ipcbox send jobs 'first job' 'second job'\n"
"  ipcbox send jobs --lines --timeout=5 list.txt\n"
"  tar c dir | ipcbox send backup --priority=3\n"
"  ipcbox send jobs --count=10 --interval=0.5 tick\n"
"  ipcbox send --to=4711 'a message to one process'\n";

struct send_job {
	const char *name;
	uint64_t to;		/* a process; 0 if it goes to the port @name */
	char **operands;	/* messages or files, NULL behind them */
	const char *file;
	int delimiter;		/* -1 if there are no records */
	bool has_timeout;
	double timeout;
	double interval;
	uint64_t count;
	bool has_count;
	bool verbose;
	bool receipt;
	struct ipcbox_options options;

	int port;		/* with @to, the box */
	struct ipcbox_lane *lane;	/* of a ring, else NULL */
	uint64_t sent;
};

static int send_fail(const struct send_job *job, int err)
{
	const char *what = job->to ? "process" : "port";

	if (!job->sent)
		return fail(err, "cannot send to %s '%s'", what, job->name);
	return fail(err, "cannot send to %s '%s' after %" PRIu64 " messages",
		    what, job->name, job->sent);
}

static void pause_for(double seconds)
{
	struct timespec time = {
		.tv_sec = (time_t)seconds,
		.tv_nsec = (long)((seconds - (double)(time_t)seconds) * 1e9),
	};

	while (clock_nanosleep(CLOCK_MONOTONIC, 0, &time, &time) == EINTR)
		;
}

static int send_with_receipt(struct send_job *job, const void *data,
			     size_t len, uint64_t *id)
{
	struct ipcbox_receipt receipt;
	int err = ipcbox_send_receipt(job->port, data, len, &job->options,
				      &receipt);

	if (err)
		return err;
	*id = receipt.id;
	printf("message %" PRIu64 " received by process %ld of user %lu\n",
	       receipt.id, (long)receipt.pid, (unsigned long)receipt.uid);
	fflush(stdout);
	return 0;
}

static int send_one(void *arg, const void *data, size_t len)
{
	struct send_job *job = arg;
	uint64_t id = job->sent + 1;	/* records have none */
	int err;

	if (job->interval > 0 && job->sent)
		pause_for(job->interval);
	if (job->has_timeout)
		job->options.deadline = ipcbox_deadline_in(job->timeout);
	if (job->lane)
		err = ipcbox_lane_send(job->lane, data, len, &job->options);
	else if (job->to)
		err = ipcbox_send_to(job->port, (pid_t)job->to, data, len,
				     &job->options, &id);
	else if (job->receipt)
		err = send_with_receipt(job, data, len, &id);
	else
		err = ipcbox_send_msg(job->port, data, len, &job->options, &id);
	if (err)
		return send_fail(job, err);
	job->sent++;
	if (job->verbose)
		notice("sent message %" PRIu64 " of %zu bytes", id, len);
	return EXIT_OK;
}

static int send_records(struct send_job *job)
{
	char **path = job->operands;
	int code = EXIT_OK;

	if (!*path)
		return input_records("-", job->delimiter, send_one, job);
	for (; *path && !code; path++)
		code = input_records(*path, job->delimiter, send_one, job);
	return code;
}

/* The longest message that may be sent there. */
static int send_max(const struct send_job *job, size_t *max)
{
	struct ipcbox_stat stat = { 0 };
	struct ipcbox_info info = { 0 };
	int err;

	if (job->to)
		err = ipcbox_box_info(job->port, &info);
	else
		err = ipcbox_port_stat(job->port, &stat);
	*max = job->to ? info.max_msgsize : stat.max_msgsize;
	return err;
}

static int send_file(struct send_job *job)
{
	struct payload payload = { 0 };
	size_t max;
	int err = send_max(job, &max);
	uint64_t i;
	int code;

	if (err)
		return send_fail(job, err);
	code = input_whole(job->file ? job->file : "-", max, &payload);
	for (i = 0; i < job->count && !code; i++)
		code = send_one(job, payload.data, payload.len);
	free(payload.data);
	return code;
}

static int send_operands(struct send_job *job)
{
	int code = EXIT_OK;
	char **message;
	uint64_t i;

	for (i = 0; i < job->count; i++)
		for (message = job->operands; *message && !code; message++)
			code = send_one(job, *message, strlen(*message));
	return code;
}

static int send_all(struct send_job *job)
{
	if (job->delimiter >= 0)
		return send_records(job);
	if (job->file || !*job->operands)
		return send_file(job);
	return send_operands(job);
}

static int send_flag(struct send_job *job, int option)
{
	switch (option) {
	case 'l':
		job->delimiter = '\n';
		return 0;
	case '0':
		job->delimiter = '\0';
		return 0;
	case 'n':
		job->options.flags |= IPCBOX_NOWAIT;
		return 0;
	case 'r':
		job->receipt = true;
		return 0;
	case 'v':
		job->verbose = true;
		return 0;
	default:
		return usage_told();
	}
}

static int send_option(struct send_job *job, int option)
{
	switch (option) {
	case 'f':
		job->file = optarg;
		return 0;
	case 'T':
		job->name = optarg;
		return parse_process("--to", optarg, &job->to);
	case 't':
		return parse_number("--type", optarg, UINT64_MAX,
				    (uint64_t *)&job->options.type);
	case 'p':
		return parse_priority(optarg, &job->options.priority);
	case 'w':
		job->has_timeout = true;
		return parse_seconds("--timeout", optarg, &job->timeout);
	case 'c':
		job->has_count = true;
		return parse_number("--count", optarg, UINT64_MAX, &job->count);
	case 'i':
		return parse_seconds("--interval", optarg, &job->interval);
	default:
		return send_flag(job, option);
	}
}

/* What does not go together. */
static int send_check(const struct send_job *job)
{
	bool records = job->delimiter >= 0;

	if (job->file && records)
		return usage("--file sends FILE as one message; give it behind --lines or --null as it is: ipcbox send %s --lines %s",
			     job->name, job->file);
	if (job->file && *job->operands)
		return usage("either --file or messages can be given, not both");
	if (records && job->has_count)
		return usage("--count does not go with --lines or --null");
	if (job->receipt && job->to)
		return usage("--receipt would tell of the process that --to names: it does not go with that");
	if (job->receipt && job->options.flags & IPCBOX_NOWAIT)
		return usage("--receipt waits, so --nowait does not go with it");
	if (job->has_timeout && job->options.flags & IPCBOX_NOWAIT)
		return usage("either --timeout or --nowait can be given, not both");
	return 0;
}

static int send_parse(struct send_job *job, int argc, char **argv)
{
	static const struct option options[] = {
		{ "to", required_argument, NULL, 'T' },
		{ "file", required_argument, NULL, 'f' },
		{ "lines", no_argument, NULL, 'l' },
		{ "null", no_argument, NULL, '0' },
		{ "type", required_argument, NULL, 't' },
		{ "priority", required_argument, NULL, 'p' },
		{ "timeout", required_argument, NULL, 'w' },
		{ "nowait", no_argument, NULL, 'n' },
		{ "count", required_argument, NULL, 'c' },
		{ "repeat", required_argument, NULL, 'c' },
		{ "interval", required_argument, NULL, 'i' },
		{ "receipt", no_argument, NULL, 'r' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option, code;

	while ((option = getopt_long(argc, argv, "T:f:l0t:p:w:nc:i:rv", options,
				     NULL)) != -1) {
		code = send_option(job, option);
		if (code)
			return code;
	}
	if (!job->to && optind == argc)
		return usage("the name of a port is missing");
	if (!job->to)
		job->name = argv[optind++];
	job->operands = argv + optind;
	return send_check(job);
}

/* What only messages have. */
static int send_check_lane(const struct send_job *job)
{
	if (job->options.type || job->options.priority)
		return usage("'%s' is a ring, whose records have no type and no priority",
			     job->name);
	if (job->receipt)
		return usage("'%s' is a ring, and nobody tells who has received from it",
			     job->name);
	return 0;
}

static int send_port(struct send_job *job)
{
	int err, code;

	err = job->to ? 0 : ring_lane(job->port, &job->lane);
	if (err)
		return send_fail(job, err);
	if (!job->lane)
		return send_all(job);
	code = send_check_lane(job);
	if (!code)
		code = send_all(job);
	ipcbox_lane_close(job->lane);
	return code;
}

static int send_run(int argc, char **argv)
{
	struct send_job job = {
		.delimiter = -1,
		.count = 1,
		.operands = argv + argc,	/* none */
	};
	int code = send_parse(&job, argc, argv);

	if (code)
		return code;
	job.port = job.to ? open_box() : open_port(job.name, IPCBOX_RIGHT_SEND);
	if (job.port < 0)
		return -job.port;
	code = send_port(&job);
	close(job.port);
	return code;
}

const struct command send_command = {
	.name = "send",
	.summary = "send messages",
	.help = send_help,
	.run = send_run,
};
