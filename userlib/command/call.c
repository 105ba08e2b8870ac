// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox call: send a request, and print the reply.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

static const char call_help[] =
"Usage: ipcbox call [OPTION]... NAME [REQUEST]\n"
"\n"
"Send REQUEST, or standard input, wait until a server has replied, and write the\n"
"reply, as it is, to standard output. If that fails, it is told how far the\n"
"request came: what must not be done twice may be asked for again only when it\n"
"was not delivered.\n"
"\n"
"Options:\n"
"  -t, --type=TYPE          type of the request, a number; 0 (default) for none\n"
"  -p, --priority=N         0 (default) to 31; higher ones are received first\n"
"  -w, --timeout=SECONDS    wait no longer than this for the reply\n"
"  -n, --nowait             fail unless a server waits for a request now\n"
"  -s, --status             exit with the type of the reply, which for ipcbox\n"
"                           serve is the exit status of its command\n"
"  -v, --verbose            tell on standard error who has replied\n"
"  -h, --help               this text\n"
"\n"
"Examples:\n"
"  ipcbox call sorter --timeout=5 < names.txt\n"
"  ipcbox call time now\n"
"  ipcbox call tests --status 'make check' && echo good\n";

struct call_job {
	const char *name;
	const char *request;	/* NULL for standard input */
	bool has_timeout;
	double timeout;
	bool status;
	bool verbose;
	struct ipcbox_options options;

	int port;
};

static int call_fail(const struct call_job *job, int err, uint32_t outcome)
{
	return fail(err, "call to port '%s' failed, the request is %s",
		    job->name, ipcbox_outcome_name(outcome));
}

/* The reply is written, and only then the exit status is the reply's. */
static int call_print(const struct call_job *job, const void *reply,
		      const struct ipcbox_answer *answer)
{
	int code;

	fwrite(reply, 1, answer->len, stdout);
	code = finish_stdout();
	if (job->verbose)
		notice("reply of %zu bytes, type %" PRIu64 ", to request %" PRIu64 ", from process %d, user %u",
		       answer->len, answer->type, answer->id, answer->pid,
		       answer->uid);
	if (code || !job->status)
		return code;
	return answer->type > 255 ? 255 : (int)answer->type;
}

static int call_send(struct call_job *job, const struct payload *request,
		     size_t room)
{
	struct ipcbox_answer answer;
	void *reply = malloc(room + 1);
	ssize_t len;
	int code;

	if (!reply)
		return fail(ENOMEM, "no room for a reply");
	if (job->has_timeout)
		job->options.deadline = ipcbox_deadline_in(job->timeout);
	len = ipcbox_call(job->port, request->data, request->len, reply, room,
			  &job->options, &answer);
	code = len < 0 ? call_fail(job, (int)len, answer.outcome) :
			 call_print(job, reply, &answer);
	free(reply);
	return code;
}

static int call_port(struct call_job *job)
{
	struct payload request = { 0 };
	struct ipcbox_stat stat;
	int err = ipcbox_port_stat(job->port, &stat);
	int code = EXIT_OK;

	if (err)
		return call_fail(job, err, IPCBOX_NOT_DELIVERED);
	if (job->request) {
		request.len = strlen(job->request);
		request.data = strdup(job->request);
	} else {
		code = input_whole("-", stat.max_msgsize, &request);
	}
	if (!code)
		code = call_send(job, &request, stat.max_msgsize);
	free(request.data);
	return code;
}

static int call_option(struct call_job *job, int option)
{
	switch (option) {
	case 't':
		return parse_number("--type", optarg, UINT64_MAX,
				    (uint64_t *)&job->options.type);
	case 'p':
		return parse_priority(optarg, &job->options.priority);
	case 'w':
		job->has_timeout = true;
		return parse_seconds("--timeout", optarg, &job->timeout);
	case 'n':
		job->options.flags |= IPCBOX_NOWAIT;
		return 0;
	case 's':
		job->status = true;
		return 0;
	case 'v':
		job->verbose = true;
		return 0;
	default:
		return usage_told();
	}
}

static int call_parse(struct call_job *job, int argc, char **argv)
{
	static const struct option options[] = {
		{ "type", required_argument, NULL, 't' },
		{ "priority", required_argument, NULL, 'p' },
		{ "timeout", required_argument, NULL, 'w' },
		{ "nowait", no_argument, NULL, 'n' },
		{ "status", no_argument, NULL, 's' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option, code;

	while ((option = getopt_long(argc, argv, "t:p:w:nsv", options,
				     NULL)) != -1) {
		code = call_option(job, option);
		if (code)
			return code;
	}
	if (optind == argc)
		return usage("the name of a port is missing");
	if (optind + 2 < argc)
		return usage("'%s' is one argument too many", argv[optind + 2]);
	job->name = argv[optind];
	job->request = argv[optind + 1];
	return 0;
}

static int call_run(int argc, char **argv)
{
	struct call_job job = { 0 };
	int code = call_parse(&job, argc, argv);

	if (code)
		return code;
	job.port = open_port(job.name, IPCBOX_RIGHT_SEND);
	if (job.port < 0)
		return -job.port;
	code = call_port(&job);
	close(job.port);
	return code;
}

const struct command call_command = {
	.name = "call",
	.summary = "send a request and print the reply",
	.help = call_help,
	.run = call_run,
};
