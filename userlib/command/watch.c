// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox watch: tell when senders and receivers of a port come and go.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"

static const char watch_help[] =
"Usage: ipcbox watch [OPTION]... NAME\n"
"\n"
"Print a line when the first sender or receiver of a port has come, when the last\n"
"one has gone, and when the port is deleted, which is the end.\n"
"\n"
"It takes a right to manage the port, or else one to send to it; in the latter\n"
"case this program is a sender itself.\n"
"\n"
"Options:\n"
"  -c, --count=N            print N lines, and end (default: no limit)\n"
"  -w, --timeout=SECONDS    wait no longer than this for each line\n"
"  -j, --json               print each line as JSON\n"
"  -h, --help               this text\n"
"\n"
"Examples:\n"
"  ipcbox watch jobs\n"
"  ipcbox watch jobs --json | jq -r .event\n";

#define WATCHED								\
	(IPCBOX_EVENT_SENDER_CAME | IPCBOX_EVENT_SENDER_WENT |		\
	 IPCBOX_EVENT_RECEIVER_CAME | IPCBOX_EVENT_RECEIVER_WENT |	\
	 IPCBOX_EVENT_DELETED)

struct watch_job {
	const char *name;
	uint64_t count;
	bool json;
	bool has_timeout;
	double timeout;
};

static int watch_print(const struct ipcbox_event *event)
{
	printf("%s", ipcbox_event_name(event->what));
	if (event->count > 1)
		printf(" %" PRIu64 " times", (uint64_t)event->count);
	if (event->pid)
		printf(", by process %d of user %u", event->pid, event->uid);
	putchar('\n');
	return finish_stdout();
}

static int watch_print_json(const struct ipcbox_event *event)
{
	char *line = json_event(event);

	if (!line)
		return fail_file(ENOMEM, "cannot print JSON");
	puts(line);
	free(line);
	return finish_stdout();
}

static int watch_one(const struct watch_job *job, int port,
		     struct ipcbox_event *event)
{
	struct ipcbox_options options = { 0 };
	int err;

	if (job->has_timeout)
		options.deadline = ipcbox_deadline_in(job->timeout);
	err = ipcbox_recv_event(port, event, &options);
	if (err)
		return fail(err, "cannot watch port '%s'", job->name);
	return job->json ? watch_print_json(event) : watch_print(event);
}

static int watch_port(const struct watch_job *job, int port)
{
	int err = ipcbox_subscribe(port, WATCHED);
	struct ipcbox_event event = { 0 };
	uint64_t n;
	int code;

	if (err)
		return fail(err, "cannot watch port '%s'", job->name);
	for (n = 0; n < job->count && event.what != IPCBOX_EVENT_DELETED; n++) {
		code = watch_one(job, port, &event);
		if (code)
			return code;
	}
	return EXIT_OK;
}

/* A handle that counts neither as a sender nor as a receiver, if possible. */
static int watch_open(const char *name)
{
	int port = ipcbox_port_open(name, IPCBOX_RIGHT_MANAGE);

	return port >= 0 ? port : open_port(name, IPCBOX_RIGHT_SEND);
}

static int watch_option(struct watch_job *job, int option)
{
	switch (option) {
	case 'c':
		return parse_number("--count", optarg, UINT64_MAX, &job->count);
	case 'w':
		job->has_timeout = true;
		return parse_seconds("--timeout", optarg, &job->timeout);
	case 'j':
		job->json = true;
		return 0;
	default:
		return usage_told();
	}
}

static int watch_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "timeout", required_argument, NULL, 'w' },
		{ "json", no_argument, NULL, 'j' },
		{ NULL, 0, NULL, 0 },
	};
	struct watch_job job = { .count = UINT64_MAX };
	int option, code, port;

	while ((option = getopt_long(argc, argv, "c:w:j", options,
				     NULL)) != -1) {
		code = watch_option(&job, option);
		if (code)
			return code;
	}
	code = one_name(argc, argv, &job.name);
	if (code)
		return code;
	port = watch_open(job.name);
	if (port < 0)
		return -port;
	code = watch_port(&job, port);
	close(port);
	return code;
}

const struct command watch_command = {
	.name = "watch",
	.summary = "tell who comes to a port and who goes",
	.help = watch_help,
	.run = watch_run,
};
