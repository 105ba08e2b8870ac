// SPDX-License-Identifier: GPL-2.0-only
/*
 * For test scripts: processes that hold something open, and calls whose results
 * the shell can read
 *
 * usage: ipcbox_helper VERB [ARGUMENT]...
 *
 * The verbs that hold something print "ready" and go on until their standard
 * input ends. All exit with 0, or with 1 and the name of the error.
 */

#include <err.h>
#include <sys/prctl.h>

#include "ipcbox_test.h"

#define ARRAY_LEN(a)	(sizeof(a) / sizeof((a)[0]))

static int need(int ret, const char *what)
{
	if (ret >= 0)
		return ret;
	errno = -ret;
	printf("%s\n", strerrorname_np(errno));
	err(1, "%s", what);
}

static void hold(void)
{
	char byte;

	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
}

static int create(const char *name, uint32_t owner)
{
	struct ipcbox_port_create attr = port_attr(name);
	int box = need(box_open(), IPCBOX_DEV), port;

	attr.owner = owner;
	port = need(port_create(box, &attr), "create");
	close(box);
	return port;
}

static void send_some(int port, unsigned int n, size_t len)
{
	char *data = calloc(1, len + 1);

	while (n--)
		need(msg_send(port, data, len, n % 3, n % 5, 0), "send");
	free(data);
}

/* A box; a handle; a handle that only a child has. */

static void hold_box(char **argument)
{
	need(box_open(), IPCBOX_DEV);
	hold();
}

static void hold_handle(char **argument)
{
	create(NULL, IPCBOX_OWNER_HANDLE);
	hold();
}

static void hold_inherited(char **argument)
{
	int port = create(NULL, IPCBOX_OWNER_HANDLE);

	if (fork())
		_exit(0);
	send_some(port, 1, 1);
	hold();
}

/* A thread that waits for ever on a port, whatever becomes of its descriptor. */
static void hold_waiting(char **argument)
{
	int port = create(NULL, IPCBOX_OWNER_KERNEL);
	struct ipcbox_recv recv = {};
	char byte;
	pid_t pid = fork();

	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(!msg_recv(port, &byte, 1, 0, &recv));
	}
	if (!wait_for_waiters(port, 0, 1))
		errx(1, "nobody waits");
	close(port);
	hold();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* owned NAME: this process owns a port with messages, but has nothing open. */
static void hold_owned(char **argument)
{
	int port = create(argument[0], IPCBOX_OWNER_PROCESS);

	send_some(port, 20, 100);
	close(port);
	hold();
}

/* fill NAME N LEN: a port that stays, with messages that stay. */
static void fill(char **argument)
{
	int port = create(argument[0], IPCBOX_OWNER_KERNEL);

	send_some(port, atoi(argument[1]), atoi(argument[2]));
}

/* drain NAME: what is in the port, and then the port, go. */
static void drain(char **argument)
{
	int box = need(box_open(), IPCBOX_DEV);
	int port = need(port_open(box, argument[0], IPCBOX_RIGHT_RECV), "open");
	static char buffer[16 << 20];
	struct ipcbox_recv recv = {};
	unsigned int n = 0;

	while (!msg_recv(port, buffer, sizeof(buffer), IPCBOX_NOWAIT, &recv))
		n++;
	need(port_delete(box, argument[0]), "delete");
	printf("%u\n", n);
}

/* Something of everything. */
static void traffic(char **argument)
{
	int port = create(NULL, IPCBOX_OWNER_HANDLE);
	int rendezvous, box = need(box_open(), IPCBOX_DEV);
	static char buffer[256 << 10];
	struct ipcbox_recv recv = {};
	pid_t pid;

	send_some(port, 50, 100);
	send_some(port, 5, sizeof(buffer));
	need(msg_recv(port, buffer, sizeof(buffer), IPCBOX_PEEK, &recv), "peek");
	rendezvous = need(port_temporary(box, 0), "create");
	pid = fork();
	if (!pid) {
		send_some(rendezvous, 3, sizeof(buffer));
		_exit(0);
	}
	need(msg_recv(rendezvous, buffer, sizeof(buffer), 0, &recv), "receive");
	need(msg_recv(port, buffer, sizeof(buffer), 0, &recv), "receive");
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	create(NULL, IPCBOX_OWNER_PROCESS);
}

/* trace PORT-KIND: the events of a message, in a process that says its port. */

static void one_queued(int port)
{
	struct ipcbox_recv recv = {};
	char byte;

	need(msg_send(port, "q", 1, 1, 2, 0), "send");
	need(msg_recv(port, NULL, 1, 0, &recv) == -EFAULT ? 0 : -EBADE, "fail");
	need(msg_recv(port, &byte, 1, 0, &recv), "receive");
}

static void one_handed(int port)
{
	struct ipcbox_recv recv = {};
	char byte;
	pid_t pid = fork();

	if (!pid)
		_exit(!!msg_recv(port, &byte, 1, 0, &recv));
	if (!wait_for_waiters(port, 0, 1))
		errx(1, "nobody waits");
	need(msg_send(port, "h", 1, 3, 4, 0), "send");
	need(child_wait(pid) ? -EBADE : 0, "receive");
}

static void one_recalled(int port)
{
	struct ipcbox_send send = {
		.data = (uintptr_t)"r",
		.len = 1,
		.type = 5,
		.deadline = in_ns(50 * MSEC),
	};
	int ret = sys_ioctl(port, IPCBOX_SEND, &send);

	need(ret == -ETIMEDOUT ? 0 : -EBADE, "send");
}

static void trace(char **argument)
{
	int box = need(box_open(), IPCBOX_DEV);
	int port = create("trace-me", IPCBOX_OWNER_KERNEL);
	int rendezvous = need(port_temporary(box, 0), "create");

	printf("%llu %llu\n", (unsigned long long)port_id(port),
	       (unsigned long long)port_id(rendezvous));
	one_queued(port);
	one_handed(port);
	one_recalled(rendezvous);
	need(port_delete(box, "trace-me"), "delete");
}

/* info: the limits. */
static void info(char **argument)
{
	struct ipcbox_info info;

	need(box_info(need(box_open(), IPCBOX_DEV), &info), "info");
	printf("max_msgsize=%llu max_ports=%llu max_bytes=%llu\n",
	       (unsigned long long)info.max_msgsize,
	       (unsigned long long)info.max_ports,
	       (unsigned long long)info.max_bytes);
	printf("user_ports=%llu user_bytes=%llu box_ports=%llu msg_overhead=%u\n",
	       (unsigned long long)info.user_ports,
	       (unsigned long long)info.user_bytes,
	       (unsigned long long)info.box_ports, info.msg_overhead);
}

/* ports N: how many can be created, and what the next one says. */
static void ports(char **argument)
{
	int box = need(box_open(), IPCBOX_DEV), n, ret = 0;

	for (n = 0; n < atoi(argument[0]); n++) {
		ret = port_temporary(box, 1);
		if (ret < 0)
			break;
	}
	printf("%d %s\n", n, ret < 0 ? strerrorname_np(-ret) : "ok");
}

/* messages LEN: likewise. */
static void messages(char **argument)
{
	int box = need(box_open(), IPCBOX_DEV);
	int port = need(port_temporary(box, IPCBOX_UNLIMITED), "create");
	size_t len = strtoul(argument[0], NULL, 0);
	char *data = calloc(1, len + 1);
	int n = 0, ret;

	do {
		ret = msg_send(port, data, len, 0, 0, 0);
		n += !ret;
	} while (!ret);
	printf("%d %s\n", n, strerrorname_np(-ret));
}

/* A lane of so many bytes, until the end. */
static void hold_lane(char **argument)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	struct ipcbox_ring_attach lane = { .side = IPCBOX_RIGHT_SEND };
	int box = need(box_open(), IPCBOX_DEV), port;

	attr.kind = IPCBOX_KIND_RING;
	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.max_messages = 1;
	attr.max_bytes = atol(argument[0]);
	port = need(port_create(box, &attr), "create");
	need(sys_ioctl(port, IPCBOX_RING_ATTACH, &lane), "attach");
	hold();
}

static const struct verb {
	const char *name;
	int arguments;
	void (*run)(char **argument);
} verbs[] = {
	{ "box", 0, hold_box },
	{ "handle", 0, hold_handle },
	{ "inherited", 0, hold_inherited },
	{ "waiting", 0, hold_waiting },
	{ "owned", 1, hold_owned },
	{ "lane", 1, hold_lane },
	{ "fill", 3, fill },
	{ "drain", 1, drain },
	{ "traffic", 0, traffic },
	{ "trace", 0, trace },
	{ "info", 0, info },
	{ "ports", 1, ports },
	{ "messages", 1, messages },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc > 1 && i < ARRAY_LEN(verbs); i++) {
		if (strcmp(argv[1], verbs[i].name))
			continue;
		if (argc != 2 + verbs[i].arguments)
			errx(2, "%s takes %d arguments", argv[1],
			     verbs[i].arguments);
		verbs[i].run(argv + 2);
		return 0;
	}
	errx(2, "no such verb");
}
