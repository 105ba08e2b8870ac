// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox recv: receive messages, to a file or to standard output.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "command.h"

static const char recv_help[] =
"Usage: ipcbox recv [OPTION]... NAME\n"
"\n"
"Receive a message and write its payload, as it is, to standard output.\n"
"\n"
"Options:\n"
"  -c, --count=N            receive N messages (default: 1)\n"
"  -L, --loop               receive until the port is deleted, which is success;\n"
"                           with --nowait, until there is no message left\n"
"  -l, --lines              write a newline behind each message\n"
"  -0, --null               write a NUL behind each message\n"
"  -j, --json               write each message as a line of JSON, with its\n"
"                           metadata; the payload is \"text\" if it is UTF-8,\n"
"                           else \"base64\"\n"
"  -o, --output=FILE        write to FILE instead of standard output\n"
"  -t, --type=TYPE          only messages of this type; 0 (default) for any\n"
"  -F, --from=PID           only messages of this process; fail when it has\n"
"                           exited and there is none left\n"
"  -w, --timeout=SECONDS    wait no longer than this for each message\n"
"  -n, --nowait             do not wait: fail if there is none\n"
"  -k, --peek               leave the message in the port\n"
"  -a, --lease              a message is done with when its output is written;\n"
"                           if this program ends before, it is back in the port\n"
"  -v, --verbose            print the metadata on standard error\n"
"  -h, --help               this text\n"
"\n"
"Examples:\n"
"  ipcbox recv jobs --lines --loop\n"
"  ipcbox recv jobs --json --timeout=5 | jq -r .text\n"
"  ipcbox recv backup --output=dir.tar\n"
"  ipcbox recv jobs --loop --nowait > /dev/null\n"
"  ipcbox recv jobs --lease --lines --loop >> jobs.log\n";

static const char inbox_help[] =
"Usage: ipcbox inbox [OPTION]...\n"
"\n"
"Receive a message that is sent to this process, by ipcbox send --to=PID. The PID\n"
"is printed on standard error first. Only the user of the process may send to it.\n"
"\n"
"Options:\n"
"  -c, --count=N            receive N messages (default: 1)\n"
"  -L, --loop               receive until this program is ended\n"
"  -l, --lines              write a newline behind each message\n"
"  -0, --null               write a NUL behind each message\n"
"  -j, --json               write each message as a line of JSON\n"
"  -o, --output=FILE        write to FILE instead of standard output\n"
"  -t, --type=TYPE          only messages of this type; 0 (default) for any\n"
"  -F, --from=PID           only messages of this process; fail when it has\n"
"                           exited and there is none left\n"
"  -w, --timeout=SECONDS    wait no longer than this for each message\n"
"  -n, --nowait             do not wait: fail if there is none\n"
"  -k, --peek               leave the message in the inbox\n"
"  -a, --lease              acknowledge a message when its output is written\n"
"  -v, --verbose            print the metadata on standard error\n"
"  -h, --help               this text\n"
"\n"
"Examples:\n"
"  ipcbox inbox --lines --loop\n"
"  ipcbox inbox --from=4711 --timeout=5\n";

struct recv_job {
	const char *name;	/* NULL until it is known, of the inbox */
	bool inbox;
	uint64_t from;		/* a process; 0 for any */
	uint64_t count;
	bool has_count;
	bool loop;
	bool has_timeout;
	double timeout;
	bool verbose;
	enum output_format format;
	const char *path;
	struct ipcbox_options options;

	int port;
	struct ipcbox_drain *drain;	/* of a ring, else NULL */
	char label[IPCBOX_NAME_SIZE];
	uint64_t received;
	struct output output;
	void *buf;
	size_t size;
};

/* As ipcbox_recv_alloc(), of one process. */
static ssize_t recv_from(struct recv_job *job,
			 const struct ipcbox_options *options,
			 struct ipcbox_message *msg)
{
	size_t room = 4096;
	ssize_t len;
	void *larger;

	do {
		if (job->size < room) {
			larger = realloc(job->buf, room);
			if (!larger)
				return -ENOMEM;
			job->buf = larger;
			job->size = room;
		}
		len = ipcbox_recv_from(job->port, (pid_t)job->from, job->buf,
				       job->size, options, msg);
		room = msg->len;
	} while (len == -EMSGSIZE);
	return len;
}

static ssize_t recv_message(struct recv_job *job,
			    const struct ipcbox_options *options,
			    struct ipcbox_message *msg)
{
	if (job->drain)
		return ring_recv(job->drain, &job->buf, &job->size, options,
				 msg);
	if (job->from)
		return recv_from(job, options, msg);
	return ipcbox_recv_alloc(job->port, &job->buf, &job->size, options,
				 msg);
}

static ssize_t recv_waiting(struct recv_job *job, struct ipcbox_message *msg)
{
	if (job->has_timeout)
		job->options.deadline = ipcbox_deadline_in(job->timeout);
	return recv_message(job, &job->options, msg);
}

static ssize_t recv_at_once(struct recv_job *job, struct ipcbox_message *msg)
{
	struct ipcbox_options options = job->options;

	options.flags |= IPCBOX_NOWAIT;
	options.deadline = 0;
	return recv_message(job, &options, msg);
}

/* Nothing may be kept in the buffer while waiting for the next message. */
static int recv_next(struct recv_job *job, struct ipcbox_message *msg,
		     ssize_t *len)
{
	int code;

	if (job->output.unwritten) {
		*len = recv_at_once(job, msg);
		if (*len != -EAGAIN)
			return EXIT_OK;
		code = output_flush(&job->output);
		if (code)
			return code;
	}
	*len = recv_waiting(job, msg);
	return EXIT_OK;
}

static void recv_tell(const struct recv_job *job,
		      const struct ipcbox_message *msg)
{
	if (job->drain) {
		notice("record of %zu bytes", msg->len);
		return;
	}
	notice("message %" PRIu64 " of %zu bytes, type %" PRIu64 ", priority %u, from process %d, user %u",
	       msg->id, msg->len, msg->type, msg->priority, msg->pid, msg->uid);
}

/* An exit code, or -1 to go on. */
static int recv_failed(const struct recv_job *job, ssize_t err)
{
	if (err == -EINTR)
		return signals_caught() ? EXIT_ERROR : -1;
	if (err == -EIDRM && job->loop)
		return EXIT_OK;
	if (err == -EAGAIN && job->loop)
		return EXIT_OK;
	if (!job->received)
		return fail((int)err, "cannot receive from port '%s'",
			    job->name);
	return fail((int)err, "cannot receive from port '%s' after %" PRIu64 " messages",
		    job->name, job->received);
}

/* With a lease, the message is done with once it is really written. */
static int recv_done(struct recv_job *job, const struct ipcbox_message *msg)
{
	int err, code;

	if (!(msg->flags & IPCBOX_MSG_LEASED))
		return -1;
	code = output_flush(&job->output);
	if (code)
		return code;
	err = ipcbox_ack(job->port, msg->id);
	if (!err)
		return -1;
	return fail(err, "cannot acknowledge message %" PRIu64 " of port '%s'",
		    msg->id, job->name);
}

/* An exit code, or -1 to go on. */
static int recv_one(struct recv_job *job)
{
	struct ipcbox_message msg;
	ssize_t len;
	int code = recv_next(job, &msg, &len);

	if (code)
		return code;
	if (len < 0)
		return recv_failed(job, len);
	job->received++;
	if (job->verbose)
		recv_tell(job, &msg);
	code = output_message(&job->output, job->buf, &msg);
	return code ? code : recv_done(job, &msg);
}

static int recv_all(struct recv_job *job)
{
	int code = -1;

	while (code < 0 && (job->loop || job->received < job->count)) {
		if (signals_caught())
			return EXIT_ERROR;
		code = recv_one(job);
	}
	return code < 0 ? EXIT_OK : code;
}

static int recv_format(struct recv_job *job, enum output_format format)
{
	if (job->format != OUTPUT_RAW && job->format != format)
		return usage("only one of --lines, --null and --json can be given");
	job->format = format;
	return 0;
}

static int recv_flag(struct recv_job *job, int option)
{
	switch (option) {
	case 'L':
		job->loop = true;
		return 0;
	case 'l':
		return recv_format(job, OUTPUT_LINES);
	case '0':
		return recv_format(job, OUTPUT_NULL);
	case 'j':
		return recv_format(job, OUTPUT_JSON);
	case 'n':
		job->options.flags |= IPCBOX_NOWAIT;
		return 0;
	case 'k':
		job->options.flags |= IPCBOX_PEEK;
		return 0;
	case 'a':
		job->options.flags |= IPCBOX_LEASE;
		return 0;
	case 'v':
		job->verbose = true;
		return 0;
	default:
		return usage_told();
	}
}

static int recv_option(struct recv_job *job, int option)
{
	switch (option) {
	case 'c':
		job->has_count = true;
		return parse_number("--count", optarg, UINT64_MAX, &job->count);
	case 'o':
		job->path = optarg;
		return 0;
	case 't':
		return parse_number("--type", optarg, UINT64_MAX,
				    (uint64_t *)&job->options.type);
	case 'F':
		return parse_process("--from", optarg, &job->from);
	case 'w':
		job->has_timeout = true;
		return parse_seconds("--timeout", optarg, &job->timeout);
	default:
		return recv_flag(job, option);
	}
}

/* What does not go together. */
static int recv_check(const struct recv_job *job)
{
	if (job->has_timeout && job->options.flags & IPCBOX_NOWAIT)
		return usage("either --timeout or --nowait can be given, not both");
	if (job->loop && job->has_count)
		return usage("either --loop or --count can be given, not both");
	if (job->options.flags & IPCBOX_PEEK && job->options.flags & IPCBOX_LEASE)
		return usage("either --peek or --lease can be given, not both");
	if (job->options.flags & IPCBOX_PEEK && (job->loop || job->has_count))
		return usage("--peek would show the same message again: it does not go with --loop or --count");
	return 0;
}

static int recv_parse(struct recv_job *job, int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "loop", no_argument, NULL, 'L' },
		{ "lines", no_argument, NULL, 'l' },
		{ "null", no_argument, NULL, '0' },
		{ "json", no_argument, NULL, 'j' },
		{ "output", required_argument, NULL, 'o' },
		{ "type", required_argument, NULL, 't' },
		{ "from", required_argument, NULL, 'F' },
		{ "timeout", required_argument, NULL, 'w' },
		{ "nowait", no_argument, NULL, 'n' },
		{ "peek", no_argument, NULL, 'k' },
		{ "lease", no_argument, NULL, 'a' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option, code;

	while ((option = getopt_long(argc, argv, "c:Ll0jo:t:F:w:nkav", options,
				     NULL)) != -1) {
		code = recv_option(job, option);
		if (code)
			return code;
	}
	if (!job->inbox)
		code = one_name(argc, argv, &job->name);
	else
		code = optind == argc ? 0 :
		       usage("'%s' is one argument too many", argv[optind]);
	return code ? code : recv_check(job);
}

static int recv_to_output(struct recv_job *job)
{
	int code = output_open(&job->output, job->path, job->format);

	if (code)
		return code;
	signals_catch();
	code = output_close(&job->output, recv_all(job));
	free(job->buf);
	return signals_end(code);
}

/* Whoever is to send has to know the process. */
static int recv_open_inbox(struct recv_job *job)
{
	struct ipcbox_stat stat;
	int box = open_box(), err;

	if (box < 0)
		return box;
	job->port = ipcbox_inbox_at(box, 0);
	close(box);
	if (job->port < 0)
		return -fail(job->port, "cannot open the inbox");
	err = ipcbox_port_stat(job->port, &stat);
	if (err)
		return -fail(err, "cannot look at the inbox");
	port_label(&stat, job->label, sizeof(job->label));
	job->name = job->label;
	notice("process %ld, port %s", (long)getpid(), job->name);
	return job->port;
}

/* What only messages have. */
static int recv_check_drain(const struct recv_job *job)
{
	if (!job->options.type && !job->from &&
	    !(job->options.flags & IPCBOX_LEASE))
		return 0;
	return usage("'%s' is a ring, whose records have no type and no sender, and no lease",
		     job->name);
}

static int recv_drain(struct recv_job *job)
{
	int err = ring_drain(job->port, &job->drain);
	int code;

	if (err)
		return recv_failed(job, err);
	if (!job->drain)
		return recv_to_output(job);
	code = recv_check_drain(job);
	if (!code)
		code = recv_to_output(job);
	ipcbox_drain_close(job->drain);
	return code;
}

/*
 * The port before the output, so that a wrong name does not empty a file; both
 * before the first message, which could not be put back.
 */
static int recv_port(struct recv_job *job)
{
	int code;

	job->port = job->inbox ? recv_open_inbox(job) :
				 open_port(job->name, IPCBOX_RIGHT_RECV);
	if (job->port < 0)
		return -job->port;
	code = recv_drain(job);
	close(job->port);
	return code;
}

static int recv_run(int argc, char **argv)
{
	struct recv_job job = { .count = 1 };
	int code = recv_parse(&job, argc, argv);

	return code ? code : recv_port(&job);
}

const struct command recv_command = {
	.name = "recv",
	.summary = "receive messages",
	.help = recv_help,
	.run = recv_run,
};

static int inbox_run(int argc, char **argv)
{
	struct recv_job job = { .count = 1, .inbox = true };
	int code = recv_parse(&job, argc, argv);

	return code ? code : recv_port(&job);
}

const struct command inbox_command = {
	.name = "inbox",
	.summary = "receive messages to this process",
	.help = inbox_help,
	.run = inbox_run,
};
