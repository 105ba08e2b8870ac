// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox create: make a port.
 *
 * A port that lives as long as a process needs one: "-- COMMAND" replaces this
 * process, so the port lives as long as COMMAND does.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <linux/ipcbox_ring.h>

#include "command.h"

static const char create_help[] =
"Usage: ipcbox create [OPTION]... [NAME]\n"
"       ipcbox create --owner=process|handle [OPTION]... [NAME] -- COMMAND...\n"
"\n"
"Create a port, and print its name and id, or its id alone if it has no name.\n"
"If NAME exists, it stays as it is.\n"
"\n"
"Options:\n"
ATTRIBUTE_HELP
"  -k, --kind=KIND          what the port carries (default: mailbox)\n"
"                           mailbox: messages\n"
"                           stream: bytes, as a FIFO does; --bytes is its\n"
"                           capacity, 64K by default\n"
"                           listener: requests for connections; --capacity\n"
"                           is the backlog\n"
"                           ring: records in shared memory; --capacity is how\n"
"                           many may send at once (64 at most), and --bytes what\n"
"                           each of them may have queued, 64K by default\n"
"  -o, --owner=OWNER        who keeps the port alive (default: kernel)\n"
"                           kernel: it stays until it is deleted\n"
"                           process: it goes when COMMAND exits, and only\n"
"                           COMMAND may receive\n"
"                           handle: it goes when the last handle is closed\n"
"  -w, --who=SHARING        who gets a message (default: any)\n"
"                           any: the receiver that has waited longest\n"
"                           one: one process at a time, in turn\n"
"                           pair: one of the two processes that may open it\n"
"                           all: every receiver; the slowest holds up senders\n"
"                           lossy: every receiver; a slow one loses the oldest\n"
"  -x, --excl               fail if NAME exists\n"
"  -q, --quiet              print nothing\n"
"  -h, --help               this text\n"
"\n"
"The defaults are 64 messages, no limit in bytes, the largest message that the\n"
"module allows, and mode 0600. A SIZE may end in K, M, G or T.\n"
"\n"
"COMMAND finds the port as @ID in $IPCBOX_PORT and an open handle with all\n"
"rights as the descriptor $IPCBOX_FD. If it cannot be run, the exit code is 126,\n"
"or 127 if it is not there.\n"
"\n"
"Examples:\n"
"  ipcbox create --capacity=1000 --mode=0622 jobs\n"
"  ipcbox create --capacity=0 meeting-point\n"
"  ipcbox create --dead-letter=failed-jobs --max-deliveries=3 jobs\n"
"  port=$(ipcbox create)\n"
"  ipcbox create --kind=stream --bytes=1M log\n"
"  ipcbox create --kind=ring --bytes=1M --capacity=4 frames\n"
"  ipcbox create --owner=process inbox -- ipcbox recv inbox --lines --loop\n";

struct create_job {
	struct attributes attributes;
	uint32_t kind;
	uint32_t owner;
	uint32_t sharing;
	bool excl;
	bool quiet;
	const char *name;
	char **command;		/* NULL for none */
};

static int parse_owner(const char *text, uint32_t *owner)
{
	uint32_t i;

	for (i = IPCBOX_OWNER_KERNEL; i <= IPCBOX_OWNER_HANDLE; i++) {
		if (strcmp(text, ipcbox_owner_name(i)))
			continue;
		*owner = i;
		return 0;
	}
	return usage("--owner takes kernel, process or handle, not '%s'", text);
}

static int parse_kind(const char *text, uint32_t *kind)
{
	static const uint32_t kinds[] = {
		IPCBOX_KIND_MAILBOX, IPCBOX_KIND_STREAM, IPCBOX_KIND_LISTENER,
		IPCBOX_KIND_RING,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		if (strcmp(text, ipcbox_kind_name(kinds[i])))
			continue;
		*kind = kinds[i];
		return 0;
	}
	return usage("--kind takes mailbox, stream, listener or ring, not '%s'",
		     text);
}

static int parse_sharing(const char *text, uint32_t *sharing)
{
	uint32_t i;

	for (i = IPCBOX_SHARE_ANY; i <= IPCBOX_SHARE_ALL_LOSSY; i++) {
		if (strcmp(text, ipcbox_sharing_name(i)))
			continue;
		*sharing = i;
		return 0;
	}
	return usage("--who takes any, one, pair, all or lossy, not '%s'", text);
}

static int create_option(struct create_job *job, int option)
{
	switch (option) {
	case 'k':
		return parse_kind(optarg, &job->kind);
	case 'o':
		return parse_owner(optarg, &job->owner);
	case 'w':
		return parse_sharing(optarg, &job->sharing);
	case 'x':
		job->excl = true;
		return 0;
	case 'q':
		job->quiet = true;
		return 0;
	case '?':
		return usage_told();
	default:
		return attribute_parse(&job->attributes, option, optarg);
	}
}

static bool capacity_is_none(const struct create_job *job)
{
	const struct ipcbox_set *set = &job->attributes.set;

	return set->flags & IPCBOX_SET_MAX_MESSAGES && !set->max_messages;
}

/* Each lane has --bytes, and there are up to --capacity. */
static int create_check_ring(const struct create_job *job)
{
	const struct ipcbox_set *set = &job->attributes.set;
	uint64_t most = ipcbox_ring_capacity_max(IPCBOX_RING_SIZE_MAX);
	unsigned int least = 2 * IPCBOX_RING_HEADER;

	if (job->sharing)
		return usage("a ring is for any");
	if (set->flags & IPCBOX_SET_MAX_MSGSIZE)
		return usage("the longest record of a ring fills a lane: --bytes");
	if (set->flags & IPCBOX_SET_MAX_MESSAGES &&
	    (!set->max_messages || set->max_messages > IPCBOX_RING_LANES))
		return usage("a ring has from 1 to %d lanes: --capacity",
			     IPCBOX_RING_LANES);
	if (set->flags & IPCBOX_SET_MAX_BYTES &&
	    (set->max_bytes < least || set->max_bytes > most))
		return usage("a lane of a ring has from %u to %llu bytes: --bytes",
			     least, (unsigned long long)most);
	return 0;
}

/* What does not go together with a kind. */
static int create_check_kind(const struct create_job *job)
{
	uint64_t given = job->attributes.set.flags;

	if (job->kind == IPCBOX_KIND_STREAM &&
	    given & (IPCBOX_SET_MAX_MESSAGES | IPCBOX_SET_MAX_MSGSIZE))
		return usage("a stream has a capacity in bytes alone: --bytes");
	if (job->kind == IPCBOX_KIND_STREAM && job->sharing &&
	    job->sharing != IPCBOX_SHARE_PAIR)
		return usage("a stream is for any, or for a pair: --who=pair");
	if (job->kind == IPCBOX_KIND_LISTENER && job->sharing)
		return usage("a listener is for any");
	return job->kind == IPCBOX_KIND_RING ? create_check_ring(job) : 0;
}

/*
 * The operands: [NAME] [-- COMMAND...]. What stood behind "--" starts at
 * @rest, and getopt_long(3) has put the others in front of it.
 */
static int create_operands(struct create_job *job, int argc, char **argv,
			   int rest)
{
	int names = (rest ? rest : argc) - optind;

	if (names > 1)
		return usage("'%s' is one argument too many%s", argv[optind + 1],
			     job->owner ? " (put -- before COMMAND)" : "");
	job->name = names ? argv[optind] : "";
	job->command = rest && argv[rest] ? argv + rest : NULL;
	if (job->owner && !job->command)
		return usage("--owner=%s needs a COMMAND whose port it is: ipcbox create --owner=%s %s -- COMMAND",
			     ipcbox_owner_name(job->owner),
			     ipcbox_owner_name(job->owner),
			     names ? job->name : "NAME");
	if (job->sharing >= IPCBOX_SHARE_ALL && capacity_is_none(job))
		return usage("--who=%s needs a --capacity of 1 or more: nobody knows how many a sender should wait for",
			     ipcbox_sharing_name(job->sharing));
	if (!job->owner && job->command)
		return usage("a COMMAND needs --owner=process or --owner=handle");
	return create_check_kind(job);
}

/* Where the arguments behind "--" start, 0 if there is no "--". */
static int find_rest(int argc, char **argv)
{
	int i;

	for (i = 1; i < argc; i++)
		if (!strcmp(argv[i], "--"))
			return i + 1;
	return 0;
}

static int create_parse(struct create_job *job, int argc, char **argv)
{
	static const struct option options[] = {
		ATTRIBUTE_OPTIONS,
		{ "kind", required_argument, NULL, 'k' },
		{ "owner", required_argument, NULL, 'o' },
		{ "who", required_argument, NULL, 'w' },
		{ "excl", no_argument, NULL, 'x' },
		{ "quiet", no_argument, NULL, 'q' },
		{ NULL, 0, NULL, 0 },
	};
	int rest = find_rest(argc, argv);
	int option, code;

	while ((option = getopt_long(argc, argv, ATTRIBUTE_LETTERS "k:o:w:xq",
				     options, NULL)) != -1) {
		code = create_option(job, option);
		if (code)
			return code;
	}
	return create_operands(job, argc, argv, rest);
}

static struct ipcbox_attr create_attr(const struct create_job *job)
{
	const struct ipcbox_set *set = &job->attributes.set;
	struct ipcbox_attr attr = IPCBOX_ATTR_INIT;

	attr.kind = job->kind;
	attr.owner = job->owner;
	attr.sharing = job->sharing;
	/* one connects to a listener, and sends to nobody */
	if (job->kind == IPCBOX_KIND_LISTENER)
		attr.rights &= ~IPCBOX_RIGHT_SEND;
	/* without a COMMAND the handle is only for a look at the id */
	if (!job->owner)
		attr.rights = set->dead_letter ? IPCBOX_RIGHT_MANAGE : 0;
	if (set->flags & IPCBOX_SET_MAX_MESSAGES)
		attr.max_messages = set->max_messages;
	if (set->flags & IPCBOX_SET_MODE)
		attr.mode = set->mode;
	if (set->flags & IPCBOX_SET_UID)
		attr.uid = set->uid;
	if (set->flags & IPCBOX_SET_GID)
		attr.gid = set->gid;
	attr.max_bytes = set->max_bytes;
	attr.max_msgsize = set->max_msgsize;
	return attr;
}

/*
 * The second call says nothing about whether it created or opened, so the first
 * one is exclusive. If the port goes in between, the second one creates it.
 */
static int create_port(const struct create_job *job, int box, bool *existed)
{
	struct ipcbox_attr attr = create_attr(job);
	int port;

	attr.flags = IPCBOX_EXCL;
	port = ipcbox_port_create_at(box, job->name, &attr);
	*existed = port == -EEXIST && !job->excl;
	if (!*existed || job->owner)
		return port;
	attr.flags = 0;
	return ipcbox_port_create_at(box, job->name, &attr);
}

/* What a new port is not made with: 0, or an exit code with the port gone. */
static int create_set(const struct create_job *job, int box, int port)
{
	struct ipcbox_set set = job->attributes.set;
	struct ipcbox_stat stat;
	char id[24];
	int err;

	set.flags &= IPCBOX_SET_DEAD_LETTER;
	err = set.dead_letter ? ipcbox_port_set(port, &set) : 0;
	if (!err)
		return EXIT_OK;
	if (!ipcbox_port_stat(port, &stat)) {
		snprintf(id, sizeof(id), "@%llu", (unsigned long long)stat.id);
		ipcbox_port_delete_at(box, id);
	}
	return fail(err, "cannot send dead letters to port '%s'",
		    job->attributes.dead_letter);
}

/* Give the port to COMMAND, in the place of this process. */
static int create_run(const struct create_job *job, int port,
		      const struct ipcbox_stat *stat)
{
	char text[24];
	int err;

	snprintf(text, sizeof(text), "@%llu", (unsigned long long)stat->id);
	setenv("IPCBOX_PORT", text, 1);
	snprintf(text, sizeof(text), "%d", port);
	setenv("IPCBOX_FD", text, 1);
	fcntl(port, F_SETFD, 0);
	execvp(job->command[0], job->command);
	err = errno;
	fail_file(err, "cannot run '%s'", job->command[0]);
	return err == ENOENT ? 127 : 126;
}

static int create_report(const struct create_job *job,
			 const struct ipcbox_stat *stat, bool existed)
{
	if (existed)
		notice("port '%s' existed already and keeps its attributes (ipcbox stat shows them, --excl makes this an error)",
		       job->name);
	if (job->quiet)
		return EXIT_OK;
	if (stat->name[0])
		printf("%s ", stat->name);
	printf("@%llu\n", (unsigned long long)stat->id);
	return finish_stdout();
}

static int create_finish(const struct create_job *job, int port, bool existed)
{
	struct ipcbox_stat stat;
	int err = ipcbox_port_stat(port, &stat);
	int code;

	if (err)
		return fail(err, "cannot look at port '%s'", job->name);
	code = create_report(job, &stat, existed);
	if (code || !job->command)
		return code;
	return create_run(job, port, &stat);
}

static int create_run_all(int argc, char **argv)
{
	struct create_job job = { 0 };
	bool existed;
	int code = create_parse(&job, argc, argv);
	int box, port;

	if (!code)
		code = attributes_complete(&job.attributes);
	if (code)
		return code;
	box = open_box();
	if (box < 0)
		return -box;
	port = create_port(&job, box, &existed);
	if (port >= 0 && !existed)
		code = create_set(&job, box, port);
	close(box);
	if (port < 0)
		return fail(port, "cannot create port '%s'", job.name);
	if (!code)
		code = create_finish(&job, port, existed);
	close(port);
	return code;
}

const struct command create_command = {
	.name = "create",
	.summary = "create a port",
	.help = create_help,
	.run = create_run_all,
};
