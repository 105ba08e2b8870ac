// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * ipcbox serve: run a command for each request, and reply with its output.
 *
 * Its standard input and output are files in memory: a command may write before
 * it has read everything, or not read at all, and nobody waits for the other.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"

static const char serve_help[] =
"Usage: ipcbox serve [OPTION]... NAME -- COMMAND [ARGUMENT]...\n"
"\n"
"Answer requests (ipcbox call) until the port is deleted, which is success: for\n"
"each run COMMAND, with the request on its standard input. What it writes to its\n"
"standard output is the reply, and its exit status (128 and the number of a\n"
"signal that ends it; 127 if it cannot be run) is the type of the reply,\n"
"whatever it is. IPCBOX_PID, IPCBOX_UID and IPCBOX_TYPE in its environment tell\n"
"who asks, and the type of the request.\n"
"\n"
"A message that is no request is given to COMMAND as well; its output goes to\n"
"standard output then. For several at a time, start several.\n"
"\n"
"Options:\n"
"  -c, --count=N            serve N requests, then end\n"
"  -n, --inherit-nice       run COMMAND at the nice value of who asks; below\n"
"                           that of serve as far as setpriority(2) allows\n"
"  -t, --type=TYPE          only requests of this type; 0 (default) for any\n"
"  -v, --verbose            tell on standard error of each request\n"
"  -h, --help               this text\n"
"\n"
"Examples:\n"
"  ipcbox serve sorter -- sort\n"
"  ipcbox serve sums -- bc -l\n"
"  ipcbox serve tests -- sh -c 'read what; cd work && $what'\n";

struct serve_job {
	const char *name;
	char **command;
	uint64_t count;
	bool verbose;
	struct ipcbox_options options;

	int port;
	uint64_t served;
	void *buf;
	size_t size;
};

/* A file in memory with this in it, to be read from its beginning. */
static int memory_file(const void *data, size_t len)
{
	int fd = memfd_create("ipcbox-serve", MFD_CLOEXEC);
	const char *from = data;
	ssize_t written;

	if (fd < 0)
		return -1;
	while (len) {
		written = write(fd, from, len);
		if (written < 0) {
			close(fd);
			return -1;
		}
		from += written;
		len -= (size_t)written;
	}
	lseek(fd, 0, SEEK_SET);
	return fd;
}

static void serve_environment(const struct ipcbox_message *msg)
{
	char text[24];

	snprintf(text, sizeof(text), "%d", msg->pid);
	setenv("IPCBOX_PID", text, 1);
	snprintf(text, sizeof(text), "%u", msg->uid);
	setenv("IPCBOX_UID", text, 1);
	snprintf(text, sizeof(text), "%" PRIu64, msg->type);
	setenv("IPCBOX_TYPE", text, 1);
}

/* Signals as this program was started with them. 0 or a positive errno. */
static int serve_spawn(char **command, int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t pipe_only;
	int err;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &pipe_only);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	err = posix_spawnp(pid, command[0], &files, &attr, command, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	return err;
}

/* The exit status of the command, as a shell tells it. */
static int serve_execute(const struct serve_job *job, int in, int out)
{
	int status, err;
	pid_t pid;

	err = serve_spawn(job->command, in, out, &pid);
	if (err) {
		fail_file(err, "cannot run '%s'", job->command[0]);
		return 127;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) :
				   128 + WTERMSIG(status);
}

/* A reply that is too long, or over the quota, becomes an empty one. */
static int serve_reply(const struct serve_job *job, uint64_t id,
		       const void *data, size_t len, int status)
{
	int err = ipcbox_reply(job->port, id, data, len, (uint64_t)status);

	if (err == -EMSGSIZE || err == -EDQUOT) {
		fail(err, "cannot reply with %zu bytes", len);
		err = ipcbox_reply(job->port, id, NULL, 0, EXIT_LIMIT);
	}
	/* the caller has given up */
	if (err == -ESRCH)
		return EXIT_OK;
	return err ? fail(err, "cannot reply on port '%s'", job->name) : EXIT_OK;
}

static int serve_output(const struct serve_job *job,
			const struct ipcbox_message *msg, int out, int status)
{
	struct stat stat;
	void *data = NULL;
	size_t len;
	int code;

	if (fstat(out, &stat))
		return fail_file(errno, "cannot read the command's output");
	len = (size_t)stat.st_size;
	if (len)
		data = mmap(NULL, len, PROT_READ, MAP_SHARED, out, 0);
	if (data == MAP_FAILED)
		return fail_file(errno, "cannot read the command's output");
	if (msg->flags & IPCBOX_MSG_CALL) {
		code = serve_reply(job, msg->id, data, len, status);
	} else {
		fwrite(data ? data : "", 1, len, stdout);
		code = finish_stdout();
	}
	if (data)
		munmap(data, len);
	return code;
}

static int serve_message(struct serve_job *job,
			 const struct ipcbox_message *msg)
{
	int in = memory_file(job->buf, msg->len);
	int out = memory_file(NULL, 0);
	int status = 0, code;

	if (in < 0 || out < 0) {
		code = fail_file(errno, "no memory for the request");
	} else {
		serve_environment(msg);
		status = serve_execute(job, in, out);
		code = serve_output(job, msg, out, status);
	}
	if (job->verbose)
		notice("request %" PRIu64 " of %zu bytes from process %d, user %u: exit status %d",
		       msg->id, msg->len, msg->pid, msg->uid, status);
	close(in);
	close(out);
	return code;
}

static int serve_all(struct serve_job *job)
{
	struct ipcbox_message msg;
	int code = EXIT_OK;
	ssize_t len;

	while (!code && job->served < job->count) {
		if (signals_caught())
			return EXIT_ERROR;
		len = ipcbox_recv_alloc(job->port, &job->buf, &job->size,
					&job->options, &msg);
		if (len == -EINTR)
			continue;
		if (len == -EIDRM)
			return EXIT_OK;
		if (len < 0)
			return fail((int)len, "cannot receive from port '%s'",
				    job->name);
		code = serve_message(job, &msg);
		job->served++;
	}
	return code;
}

static int serve_option(struct serve_job *job, int option)
{
	switch (option) {
	case 'c':
		return parse_number("--count", optarg, UINT64_MAX, &job->count);
	case 'n':
		job->options.flags |= IPCBOX_INHERIT_NICE;
		return 0;
	case 't':
		return parse_number("--type", optarg, UINT64_MAX,
				    (uint64_t *)&job->options.type);
	case 'v':
		job->verbose = true;
		return 0;
	default:
		return usage_told();
	}
}

/* "+": up to what is no option; those of the command are its own. */
static int serve_options(struct serve_job *job, int argc, char **argv)
{
	static const struct option options[] = {
		{ "count", required_argument, NULL, 'c' },
		{ "inherit-nice", no_argument, NULL, 'n' },
		{ "type", required_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	int option, code;

	while ((option = getopt_long(argc, argv, "+c:nt:v", options,
				     NULL)) != -1) {
		code = serve_option(job, option);
		if (code)
			return code;
	}
	return 0;
}

/* Options may stand on both sides of the name; "--" ends them. */
static int serve_parse(struct serve_job *job, int argc, char **argv)
{
	int code = serve_options(job, argc, argv);

	if (code)
		return code;
	if (optind == argc)
		return usage("the name of a port is missing");
	job->name = argv[optind++];
	code = serve_options(job, argc, argv);
	if (code)
		return code;
	if (optind == argc)
		return usage("the command is missing: ipcbox serve %s -- COMMAND",
			     job->name);
	job->command = argv + optind;
	return 0;
}

static int serve_run(int argc, char **argv)
{
	struct serve_job job = { .count = UINT64_MAX };
	int code = serve_parse(&job, argc, argv);

	if (code)
		return code;
	job.port = open_port(job.name, IPCBOX_RIGHT_RECV);
	if (job.port < 0)
		return -job.port;
	signals_catch();
	code = serve_all(&job);
	free(job.buf);
	close(job.port);
	return signals_end(code);
}

const struct command serve_command = {
	.name = "serve",
	.summary = "run a command for each request",
	.help = serve_help,
	.run = serve_run,
};
