// SPDX-License-Identifier: GPL-2.0-only
/*
 * What /proc tells: /proc/net/ipcbox, a line for each port, and the fdinfo of
 * a handle
 */

#include "call.h"
#include "user.h"

#include <kselftest_harness.h>

#define PROC_FILE	"/proc/thread-self/net/ipcbox"
#define MANY		300

FIXTURE(proc)
{
	int box;
	char *text;
};

/*
 * The namespaces of earlier tests are torn down a while after those have ended,
 * and until then their many ports are charged.
 */
static bool wait_for_quota(int box, uint64_t ports)
{
	uint64_t end = in_ns(20 * SEC);
	struct ipcbox_info info;

	while (!box_info(box, &info) && now_ns() < end) {
		if (info.user_ports + ports <= info.max_ports)
			return true;
		sleep_ns(10 * MSEC);
	}
	return false;
}

FIXTURE_SETUP(proc)
{
	self->box = box_private();
	ASSERT_LE(0, self->box);
	ASSERT_TRUE(wait_for_quota(self->box, MANY + 100));
	self->text = calloc(1, 1 << 20);
}

FIXTURE_TEARDOWN(proc)
{
	free(self->text);
	close(self->box);
}

/* The whole file, read in pieces of a size; -1 if it cannot be read. */
static int read_file(const char *path, char *text, size_t piece)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), len = 0;
	ssize_t ret;

	if (fd < 0)
		return -1;
	while ((ret = read(fd, text + len, piece)) > 0)
		len += ret;
	close(fd);
	text[len] = 0;
	return ret ? -1 : len;
}

static uint64_t parse_limit(const char *text, uint64_t none)
{
	return strcmp(text, "-") ? strtoull(text, NULL, 10) : none;
}

/*
 * A line, read back into the struct that it describes. False if the line has
 * more columns or fewer, or something in them that it should not have.
 */
static bool parse_line(const char *line, struct ipcbox_stat *stat)
{
	static const char * const owners[] = { "kernel", "process", "handle" };
	static const char * const sharings[] = {
		"any", "one", "pair", "all", "lossy",
	};
	char kind[16], owner[16], sharing[16], max_messages[24], max_bytes[24];
	char dead_letter[24], name[IPCBOX_NAME_SIZE + 1], more;
	unsigned long long id, messages, bytes, taken, sent, received, held, lost;
	unsigned long long sent_bytes, received_bytes, dead_lettered;
	int n;

	memset(stat, 0, sizeof(*stat));
	n = sscanf(line, "%llu %15s %15s %15s %o %u %u %u %d %u %23s %23s %llu %llu %llu %llu %llu %u %u %u %u %u %llu %llu %llu %llu %u %llu %u %23s %64[^\n ]%c",
		   &id, kind, owner, sharing, &stat->mode, &stat->uid,
		   &stat->gid, &stat->creator_uid, &stat->creator_pid,
		   &stat->max_msgsize, max_messages, max_bytes, &messages,
		   &bytes, &taken, &sent, &received, &stat->senders,
		   &stat->receivers, &stat->handles, &stat->waiting_senders,
		   &stat->waiting_receivers, &held, &lost,
		   &sent_bytes, &received_bytes, &stat->lanes, &dead_lettered,
		   &stat->max_deliveries, dead_letter, name, &more);
	if (n != 32 || more != '\n')
		return false;
	stat->id = id;
	stat->messages = messages;
	stat->bytes = bytes;
	stat->taken = taken;
	stat->sent = sent;
	stat->received = received;
	stat->held = held;
	stat->lost = lost;
	stat->sent_bytes = sent_bytes;
	stat->received_bytes = received_bytes;
	stat->dead_lettered = dead_lettered;
	stat->dead_letter = parse_limit(dead_letter, 0);
	stat->max_messages = parse_limit(max_messages, IPCBOX_UNLIMITED);
	stat->max_bytes = parse_limit(max_bytes, 0);
	if (strcmp(name, "-"))
		name_copy(stat->name, name);
	while (stat->owner < 3 && strcmp(owner, owners[stat->owner]))
		stat->owner++;
	while (stat->sharing < 5 && strcmp(sharing, sharings[stat->sharing]))
		stat->sharing++;
	return !strcmp(kind, "mailbox");
}

/* The line of a port, without those before it; NULL if there is none. */
static const char *find_line(const char *text, uint64_t id)
{
	char start[24];

	snprintf(start, sizeof(start), "\n%llu ", (unsigned long long)id);
	text = strstr(text, start);
	return text ? text + 1 : NULL;
}

/* STAT without what a line does not have. */
static struct ipcbox_stat columns(struct ipcbox_stat stat)
{
	stat.rights = 0;
	stat.created = 0;
	stat.next_size = 0;
	return stat;
}

static void expect_line(struct __test_metadata *_metadata, const char *text,
			int port)
{
	struct ipcbox_stat stat, parsed;
	const char *line;

	ASSERT_EQ(0, port_stat(port, &stat));
	line = find_line(text, stat.id);
	ASSERT_TRUE(!!line);
	ASSERT_TRUE(parse_line(line, &parsed)) TH_LOG("%s", line);
	stat = columns(stat);
	EXPECT_EQ(0, memcmp(&stat, &parsed, sizeof(stat)))
		TH_LOG("%.200s", line);
}

TEST_F(proc, an_empty_box_has_a_header_line)
{
	ASSERT_LT(0, read_file(PROC_FILE, self->text, 4096));
	EXPECT_STREQ("id kind owner sharing mode uid gid creator_uid creator_pid max_msgsize max_messages max_bytes messages bytes taken sent received senders receivers handles waiting_senders waiting_receivers held lost sent_bytes received_bytes lanes dead_lettered max_deliveries dead_letter name\n",
		     self->text);
}

TEST_F(proc, a_line_tells_what_stat_tells)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	int named, nameless;

	attr.mode = 0642;
	attr.uid = 11;
	attr.gid = 12;
	attr.owner = IPCBOX_OWNER_PROCESS;
	attr.max_msgsize = 100;
	attr.max_messages = 13;
	attr.max_bytes = 1000;
	named = port_create(self->box, &attr);
	ASSERT_LE(0, named);
	ASSERT_LE(0, port_open(self->box, "alpha", IPCBOX_RIGHT_SEND));
	ASSERT_LE(0, port_open(self->box, "alpha", 0));
	nameless = port_temporary(self->box, IPCBOX_UNLIMITED);
	ASSERT_LE(0, nameless);
	ASSERT_EQ(5, sys_write(named, "hello", 5));
	ASSERT_EQ(5, sys_write(named, "world", 5));
	ASSERT_EQ(5, sys_read(named, (char[8]) {}, 8));
	ASSERT_LT(0, read_file(PROC_FILE, self->text, 4096));
	expect_line(_metadata, self->text, named);
	expect_line(_metadata, self->text, nameless);
}

TEST_F(proc, who_gets_a_message_is_told)
{
	struct ipcbox_port_create attr = port_attr(NULL);
	int ports[5], i, j;

	for (i = 0; i < 5; i++) {
		attr.sharing = i;
		attr.max_messages = 2;
		ports[i] = port_create(self->box, &attr);
		ASSERT_LE(0, ports[i]);
		for (j = 0; j < 2 + (i == IPCBOX_SHARE_ALL_LOSSY); j++)
			ASSERT_EQ(1, sys_write(ports[i], "x", 1));
	}
	/* The list is that of nobody in particular. */
	ASSERT_LT(0, read_file(PROC_FILE, self->text, 4096));
	for (i = 0; i < 5; i++)
		expect_line(_metadata, self->text, ports[i]);
}

TEST_F(proc, those_who_wait_are_told)
{
	int port = port_temporary(self->box, 0);
	struct call send = call_text(port, "hello", 0);
	struct call recv = call_init(CALL_RECV, port);
	struct ipcbox_stat parsed;
	const char *line;

	send.send.type = 8;
	recv.recv.type = 7;
	call_start(&send);
	call_start(&recv);
	ASSERT_TRUE(wait_for_waiters(port, 1, 1));
	ASSERT_LT(0, read_file(PROC_FILE, self->text, 4096));
	expect_line(_metadata, self->text, port);
	line = find_line(self->text, port_id(port));
	ASSERT_TRUE(parse_line(line, &parsed));
	EXPECT_EQ(1, parsed.waiting_senders);
	EXPECT_EQ(1, parsed.waiting_receivers);
	EXPECT_EQ(1, parsed.messages);
	EXPECT_EQ(0, parsed.sent);
	ASSERT_EQ(0, port_delete_id(self->box, port_id(port)));
	call_join(&send);
	call_join(&recv);
	ASSERT_LT(0, read_file(PROC_FILE, self->text, 4096));
	EXPECT_FALSE(!!find_line(self->text, parsed.id));
}

TEST_F(proc, names_of_all_bytes)
{
	static const char * const names[] = {
		"%s%n", "a\\b", "\"'`$", "\xc3\xa4\xff", "#,;|",
	};
	struct ipcbox_port_create attr;
	int ports[ARRAY_SIZE(names)], i;

	for (i = 0; i < ARRAY_SIZE(names); i++) {
		attr = port_attr(names[i]);
		ports[i] = port_create(self->box, &attr);
		ASSERT_LE(0, ports[i]);
	}
	ASSERT_LT(0, read_file(PROC_FILE, self->text, 4096));
	for (i = 0; i < ARRAY_SIZE(names); i++)
		expect_line(_metadata, self->text, ports[i]);
}

TEST_F(proc, only_the_ports_of_the_own_namespace)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	int other;

	ASSERT_LE(0, port_create(self->box, &attr));
	other = box_private();
	attr = port_attr("beta");
	ASSERT_LE(0, port_create(other, &attr));
	ASSERT_LT(0, read_file(PROC_FILE, self->text, 4096));
	EXPECT_FALSE(!!strstr(self->text, "alpha"));
	EXPECT_TRUE(!!strstr(self->text, "beta"));
	close(other);
}

TEST_F(proc, everybody_may_read_and_nobody_write)
{
	struct ipcbox_port_create attr = port_attr("alpha");

	ASSERT_LE(0, port_create(self->box, &attr));
	ASSERT_TRUE(user_become(ALICE, ALICE));
	EXPECT_EQ(-1, open(PROC_FILE, O_WRONLY));
	EXPECT_EQ(EACCES, errno);
	ASSERT_LT(0, read_file(PROC_FILE, self->text, 4096));
	EXPECT_TRUE(!!strstr(self->text, "alpha"));
}

/* Many ports: more than one buffer of the kernel's holds */

static bool create_many(int box, uint64_t *ids, int n)
{
	struct ipcbox_port_create attr;
	int i, port;

	for (i = 0; i < n; i++) {
		attr = port_attr(i % 2 ? NULL :
				 "a-name-of-some-length-to-fill-the-buffer");
		if (attr.name[0])
			snprintf(attr.name + 40, 20, "%d", i);
		port = port_create(box, &attr);
		if (port < 0)
			return false;
		close(port);
		ids[i] = attr.id;
	}
	return true;
}

/* How many of these ports are there, in order, each once? -1 for disorder. */
static int count_ids(const char *text, const uint64_t *ids, int n)
{
	struct ipcbox_stat stat;
	uint64_t last = 0;
	int count = 0;

	while ((text = strchr(text, '\n')) && *++text) {
		if (!parse_line(text, &stat) || stat.id <= last)
			return -1;
		last = stat.id;
		if (count < n && stat.id == ids[count])
			count++;
	}
	return count;
}

TEST_F(proc, many_ports_in_pieces_of_any_size)
{
	static const size_t pieces[] = { 17, 100, 1000, 4095, 4096, 1 << 16 };
	uint64_t ids[MANY];
	int i;

	ASSERT_TRUE(create_many(self->box, ids, MANY));
	for (i = 0; i < ARRAY_SIZE(pieces); i++) {
		ASSERT_LT(4 * 4096, read_file(PROC_FILE, self->text,
					      pieces[i]));
		EXPECT_EQ(MANY, count_ids(self->text, ids, MANY))
			TH_LOG("pieces of %zu", pieces[i]);
	}
}

TEST_F(proc, reading_from_somewhere)
{
	uint64_t ids[MANY];
	char piece[2000];
	int fd, len, at;

	ASSERT_TRUE(create_many(self->box, ids, MANY));
	len = read_file(PROC_FILE, self->text, 4096);
	ASSERT_LT(0, len);
	fd = open(PROC_FILE, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	for (at = len - 1; at >= 0; at -= 7919) {
		ssize_t n = pread(fd, piece, sizeof(piece), at);

		ASSERT_LT(0, n);
		EXPECT_EQ(0, memcmp(self->text + at, piece, n));
	}
	EXPECT_EQ(0, pread(fd, piece, sizeof(piece), len));
	ASSERT_EQ(0, lseek(fd, 0, SEEK_SET));
	ASSERT_EQ(10, read(fd, piece, 10));
	EXPECT_EQ(0, memcmp("id kind ow", piece, 10));
	close(fd);
}

/* Ports that are there during all of a reading are read exactly once. */
TEST_F(proc, while_others_come_and_go)
{
	uint64_t ids[MANY], passing[20];
	pid_t pid;
	int i;

	ASSERT_TRUE(create_many(self->box, ids, MANY / 2));
	pid = fork();
	if (!pid) {
		for (;;) {
			struct ipcbox_port_create attr;

			for (i = 0; i < 20; i++) {
				attr = port_attr(NULL);
				close(port_create(self->box, &attr));
				passing[i] = attr.id;
			}
			for (i = 0; i < 20; i++)
				port_delete_id(self->box, passing[i]);
		}
	}
	ASSERT_TRUE(create_many(self->box, ids, 0));
	for (i = 0; i < 50; i++) {
		ASSERT_LT(0, read_file(PROC_FILE, self->text, 500));
		ASSERT_EQ(MANY / 2, count_ids(self->text, ids, MANY / 2));
	}
	kill(pid, SIGKILL);
	child_wait(pid);
}

/* The port at which a reader stopped is deleted: it goes on with the next. */
TEST_F(proc, a_port_deleted_between_two_reads)
{
	uint64_t ids[MANY];
	int fd, len, i, n;

	ASSERT_TRUE(create_many(self->box, ids, MANY));
	fd = open(PROC_FILE, O_RDONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	len = read(fd, self->text, 5000);
	ASSERT_LT(0, len);
	for (i = 0; i < MANY - 1; i++)
		ASSERT_EQ(0, port_delete_id(self->box, ids[i]));
	while ((n = read(fd, self->text + len, 5000)) > 0)
		len += n;
	EXPECT_EQ(0, n);
	self->text[len] = 0;
	EXPECT_NE(-1, count_ids(self->text, ids, 0));
	EXPECT_TRUE(!!find_line(self->text, ids[MANY - 1]));
	close(fd);
}

/* fdinfo */

static char *fdinfo_line(char *text, const char *key)
{
	char *line = strstr(text, key);

	if (!line)
		return "missing";
	line += strlen(key);
	*strchrnul(line, '\n') = 0;
	return line;
}

static void read_fdinfo(struct __test_metadata *_metadata, char *text, int fd)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", fd);
	ASSERT_LT(0, read_file(path, text, 4096));
}

#define EXPECT_FDINFO(fd, key, value) do { \
	read_fdinfo(_metadata, self->text, fd); \
	EXPECT_STREQ("\t" value, fdinfo_line(self->text, key ":")); \
} while (0)

TEST_F(proc, fdinfo_tells_of_the_port)
{
	struct ipcbox_port_create attr = port_attr("alpha");
	int port = port_create(self->box, &attr);
	int sender = port_open(self->box, "alpha", IPCBOX_RIGHT_SEND);
	char id[32];

	ASSERT_LE(0, sender);
	ASSERT_EQ(5, sys_write(port, "hello", 5));
	ASSERT_EQ(2, sys_write(port, "42", 2));
	read_fdinfo(_metadata, self->text, port);
	snprintf(id, sizeof(id), "\t%llu", (unsigned long long)attr.id);
	EXPECT_STREQ(id, fdinfo_line(self->text, "ipcbox-port:"));
	EXPECT_FDINFO(port, "ipcbox-name", "alpha");
	EXPECT_FDINFO(port, "ipcbox-rights", "rsm");
	EXPECT_FDINFO(sender, "ipcbox-rights", "-s-");
	EXPECT_FDINFO(port, "ipcbox-messages", "2");
	EXPECT_FDINFO(port, "ipcbox-bytes", "7");
	EXPECT_FDINFO(port, "ipcbox-deleted", "0");
	ASSERT_EQ(0, port_delete(self->box, "alpha"));
	EXPECT_FDINFO(sender, "ipcbox-deleted", "1");
	EXPECT_FDINFO(sender, "ipcbox-messages", "0");
	EXPECT_FDINFO(sender, "ipcbox-name", "alpha");
}

/* In which box the port of this id is, also where the reader is elsewhere. */
TEST_F(proc, fdinfo_tells_of_the_namespace)
{
	int port = port_temporary(self->box, 1);
	char ns[32];

	ASSERT_LE(0, port);
	ASSERT_LT(0, readlink("/proc/thread-self/ns/net", memset(ns, 0, 32),
			      31));
	ASSERT_LE(0, box_private());
	read_fdinfo(_metadata, self->text, port);
	ASSERT_EQ(0, strncmp("net:[", ns, 5));
	*strchrnul(ns, ']') = 0;
	ns[4] = '\t';
	EXPECT_STREQ(ns + 4, fdinfo_line(self->text, "ipcbox-net:"));
}

TEST_HARNESS_MAIN
