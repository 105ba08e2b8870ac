// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stress: senders and receivers are killed at random, then every message is
 * accounted for
 *
 * Each message has a serial number of its own, and a payload that follows from
 * it. A ledger in shared memory says of each serial what its sender knows (about
 * to send, sent, failed) and how often it was received; it survives whoever is
 * killed. What a killed process did not get to write down is bounded from both
 * sides: by the calls that were under way when their callers were killed, and
 * by the port's own counters. So at the end:
 *
 * - a message that was sent was received once, or was in the hands of a
 *   receiver that was killed: exactly as many as the port counts as received
 *   and the ledger does not, and at most one for each receiver killed in a call;
 * - a message whose send failed was received by nobody, and none twice;
 * - the port is empty, nobody waits, the quota is what it was, and the whole
 *   capacity is there to be used.
 *
 * IPCBOX_STRESS_SECONDS sets the time for all of it, IPCBOX_STRESS_SEED the
 * seed, which is printed.
 */

#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/prctl.h>

#include "ipcbox_test.h"

#include "kselftest_harness.h"

#define VARIANTS	8
#define SENDERS		4
#define RECEIVERS	4
#define WORKERS		(SENDERS + RECEIVERS)
#define SERIALS		(1U << 20)
#define LEN_MAX		(128U << 10)

/* What a sender knows of its message. */
enum { UNUSED, SENDING, SENT, FAILED };

/**
 * struct ledger - in shared memory
 * @next: serial to be used next
 * @in_call: of each worker: it is between a call and writing down its result
 * @complaints: how many
 * @complaint: the first
 * @fate: of each serial, by its sender
 * @received: of each serial, how often
 */
struct ledger {
	atomic_uint next;
	atomic_bool in_call[WORKERS];
	atomic_uint complaints;
	char complaint[256];
	atomic_uchar fate[SERIALS];
	atomic_uchar received[SERIALS];
};

struct payload {
	uint64_t serial;
	uint64_t len;
	uint64_t pid;
	uint64_t word[];
};

static struct ledger *ledger;

static void complain(const char *format, ...)
{
	va_list args;

	if (atomic_fetch_add(&ledger->complaints, 1))
		return;
	va_start(args, format);
	vsnprintf(ledger->complaint, sizeof(ledger->complaint), format, args);
	va_end(args);
}

/* Chance, the same for the same seed */

static uint64_t chance_state;

static uint64_t chance(void)
{
	uint64_t x = chance_state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
	return x ^ (x >> 31);
}

static uint64_t chance_below(uint64_t n)
{
	return chance() % n;
}

static bool chance_percent(unsigned int percent)
{
	return chance_below(100) < percent;
}

/* Payloads */

static uint64_t payload_word(uint64_t serial, size_t i)
{
	return (serial + 1) * 0x9e3779b97f4a7c15ULL + i * 0xbf58476d1ce4e5b9ULL;
}

static void payload_fill(struct payload *payload, uint64_t serial, size_t len)
{
	size_t i, n = (len - sizeof(*payload)) / sizeof(uint64_t);

	payload->serial = serial;
	payload->len = len;
	payload->pid = getpid();
	for (i = 0; i < n; i++)
		payload->word[i] = payload_word(serial, i);
}

static bool payload_good(const struct payload *payload, size_t len)
{
	size_t i, n = (len - sizeof(*payload)) / sizeof(uint64_t);

	if (len < sizeof(*payload) || payload->len != len ||
	    payload->serial >= SERIALS)
		return false;
	for (i = 0; i < n; i++)
		if (payload->word[i] != payload_word(payload->serial, i))
			return false;
	return true;
}

/* Whom and how */

FIXTURE_VARIANT(stress)
{
	uint64_t max_messages;
	uint64_t max_bytes;
	size_t least;
	size_t most;
};

static const FIXTURE_VARIANT(stress) *config;

/* Not to wait, to wait until a deadline that is near, or to wait. */
static uint64_t choose_flags(__u64 *deadline)
{
	uint64_t dice = chance_below(10);

	*deadline = dice < 3 ? in_ns(chance_below(4 * MSEC)) : 0;
	return dice >= 8 ? IPCBOX_NOWAIT : 0;
}

/* Senders */

static void send_one(int port, struct payload *payload, uint32_t serial)
{
	size_t len = config->least +
		     chance_below(config->most - config->least + 1);
	struct ipcbox_send arg = {
		.data = (uintptr_t)payload,
		.type = chance_below(4),
		.priority = chance_below(3) * 15,
	};
	int ret;

	arg.len = len & ~7ULL;
	arg.flags = choose_flags(&arg.deadline);
	payload_fill(payload, serial, arg.len);
	ledger->fate[serial] = SENDING;
	ret = sys_ioctl(port, IPCBOX_SEND, &arg);
	ledger->fate[serial] = ret ? FAILED : SENT;
	/* A pinned payload must not be looked at any more from here on. */
	memset(payload, 0x55, arg.len);
	if (ret && ret != -EAGAIN && ret != -ETIMEDOUT && ret != -EINTR &&
	    ret != -EDQUOT)
		complain("send: %s", strerror(-ret));
}

static void sender(int port, unsigned int me, struct payload *payload)
{
	uint32_t serial;

	for (;;) {
		serial = atomic_fetch_add(&ledger->next, 1);
		if (serial >= SERIALS)
			pause();
		ledger->in_call[me] = true;
		send_one(port, payload, serial);
		ledger->in_call[me] = false;
	}
}

/* Receivers */

static void received(const struct ipcbox_recv *recv,
		     const struct payload *payload, bool counts)
{
	if (!payload_good(payload, recv->msg_len)) {
		complain("corrupt: %llu bytes, serial %llu, len %llu",
			 (unsigned long long)recv->msg_len,
			 (unsigned long long)payload->serial,
			 (unsigned long long)payload->len);
		return;
	}
	if (recv->sender_pid != (pid_t)payload->pid)
		complain("sender %d, not %d", recv->sender_pid,
			 (pid_t)payload->pid);
	if (ledger->fate[payload->serial] == UNUSED)
		complain("received what nobody sends");
	if (counts && ledger->received[payload->serial]++)
		complain("serial %llu received twice",
			 (unsigned long long)payload->serial);
}

/* Some receive as they should; others with buffers too short or not there. */
static void receive_one(int port, struct payload *payload)
{
	struct ipcbox_recv arg = {
		.data = (uintptr_t)payload,
		.len = LEN_MAX,
		.type = chance_percent(30) ? chance_below(4) : 0,
	};
	uint64_t dice = chance_below(20);
	int ret;

	arg.flags = choose_flags(&arg.deadline);
	if (dice == 0)
		arg.data = 8;
	else if (dice == 1)
		arg.len = sizeof(*payload) - 1;
	else if (dice == 2)
		arg.flags |= IPCBOX_PEEK;
	ret = sys_ioctl(port, IPCBOX_RECV, &arg);
	if (!ret && dice > 1)
		received(&arg, payload, dice != 2);
	else if (!ret)
		complain("received into a bad buffer");
	else if (ret != -EAGAIN && ret != -ETIMEDOUT && ret != -EINTR &&
		 (dice != 0 || ret != -EFAULT) &&
		 (dice != 1 || ret != -EMSGSIZE))
		complain("receive: %s", strerror(-ret));
}

static void receiver(int port, unsigned int me, struct payload *payload)
{
	for (;;) {
		ledger->in_call[me] = true;
		receive_one(port, payload);
		ledger->in_call[me] = false;
	}
}

/* Workers come and are killed */

static void on_signal(int sig)
{
}

/* Inherited by the workers, so that none is without. */
static void signals_catch(void)
{
	struct sigaction interrupt = { .sa_handler = on_signal };
	struct sigaction restart = {
		.sa_handler = on_signal,
		.sa_flags = SA_RESTART,
	};

	sigaction(SIGUSR1, &interrupt, NULL);
	sigaction(SIGUSR2, &restart, NULL);
}

static pid_t worker_start(int port, unsigned int me)
{
	uint64_t seed = chance();
	struct payload *payload;
	pid_t pid;

	ledger->in_call[me] = false;
	pid = fork();
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	chance_state = seed;
	payload = mmap(NULL, LEN_MAX, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (payload == MAP_FAILED)
		abort();
	if (me < SENDERS)
		sender(port, me, payload);
	else
		receiver(port, me, payload);
	abort();
}

/**
 * struct tally - what the one who kills knows
 * @kills: of all
 * @senders: killed in a call
 * @receivers: killed in a call
 * @deaths: of others than by our hand
 */
struct tally {
	unsigned int kills;
	unsigned int senders;
	unsigned int receivers;
	unsigned int deaths;
};

static void worker_kill(pid_t pid, unsigned int me, struct tally *tally)
{
	if (kill(pid, SIGKILL) || child_wait(pid) != 128 + SIGKILL)
		tally->deaths++;
	tally->kills++;
	if (!ledger->in_call[me])
		return;
	if (me < SENDERS)
		tally->senders++;
	else
		tally->receivers++;
}

static void disturb(int port, pid_t *pid, struct tally *tally)
{
	unsigned int me = chance_below(WORKERS);

	if (chance_percent(50)) {
		worker_kill(pid[me], me, tally);
		pid[me] = worker_start(port, me);
	} else {
		kill(pid[me], chance_percent(50) ? SIGUSR1 : SIGUSR2);
	}
	if (chance_percent(70))
		sleep_ns(chance_below(3 * MSEC));
}

/* Or the test has tested nothing. */
static bool enough(const struct tally *tally)
{
	return tally->senders > 5 && tally->receivers > 5 &&
	       ledger->next > 300;
}

static struct tally storm(int port, uint64_t duration)
{
	uint64_t end = in_ns(duration);
	struct tally tally = {};
	pid_t pid[WORKERS];
	unsigned int i;

	for (i = 0; i < WORKERS; i++)
		pid[i] = worker_start(port, i);
	/* Longer, if the machine is so busy that this was next to nothing. */
	while ((now_ns() < end || (!enough(&tally) && now_ns() < end + 20 * SEC)) &&
	       !ledger->complaints)
		disturb(port, pid, &tally);
	for (i = 0; i < WORKERS; i++)
		worker_kill(pid[i], i, &tally);
	return tally;
}

/* Whatever is left, and in order of priority. */
static unsigned int drain(int port)
{
	static char buffer[LEN_MAX] __attribute__((aligned(8)));
	struct ipcbox_recv arg = {};
	unsigned int n = 0;
	uint32_t priority = IPCBOX_PRIORITIES;
	int ret;

	while (!(ret = msg_recv(port, buffer, sizeof(buffer), IPCBOX_NOWAIT,
				&arg))) {
		received(&arg, (struct payload *)buffer, true);
		if (arg.msg_priority > priority)
			complain("out of order");
		priority = arg.msg_priority;
		n++;
	}
	if (ret != -EAGAIN)
		complain("drain: %s", strerror(-ret));
	return n;
}

/* The books */

/**
 * struct books - the ledger, added up
 * @sent: reported so by their senders
 * @unknown: whose senders were killed
 * @unknown_received: of these, received
 * @received: all
 * @lost: sent, and received by nobody that lived to tell
 * @false_received: received though the send failed
 */
struct books {
	unsigned int sent;
	unsigned int unknown;
	unsigned int unknown_received;
	unsigned int received;
	unsigned int lost;
	unsigned int false_received;
};

static struct books add_up(void)
{
	struct books books = {};
	unsigned int serial, n = ledger->next;

	for (serial = 0; serial < n && serial < SERIALS; serial++) {
		unsigned int times = ledger->received[serial];

		books.received += times;
		switch (atomic_load(&ledger->fate[serial])) {
		case SENT:
			books.sent++;
			books.lost += !times;
			break;
		case SENDING:
			books.unknown++;
			books.unknown_received += times;
			break;
		default:
			books.false_received += times;
		}
	}
	return books;
}

/* How many of this length fit, without waiting. */
static unsigned int fill(int port, size_t len, unsigned int most)
{
	static char buffer[LEN_MAX] __attribute__((aligned(8)));
	struct payload *payload = (struct payload *)buffer;
	unsigned int n;

	for (n = 0; n < most; n++) {
		uint32_t serial = atomic_fetch_add(&ledger->next, 1);

		payload_fill(payload, serial % SERIALS, len);
		ledger->fate[serial % SERIALS] = SENT;
		ledger->received[serial % SERIALS] = 0;
		if (msg_send(port, payload, len, 0, 0, IPCBOX_NOWAIT))
			break;
	}
	return n;
}

/* How many there should be room for; any number where there is no limit. */
static bool unlimited(void)
{
	return config->max_messages == IPCBOX_UNLIMITED && !config->max_bytes;
}

static unsigned int capacity(size_t len)
{
	if (unlimited())
		return 100;
	return config->max_bytes ? config->max_bytes / len :
				   config->max_messages;
}

/* The fixture: a port with the variant's capacity, and what was before. */

FIXTURE(stress)
{
	int box;
	int port;
	struct ipcbox_info before;
};

FIXTURE_VARIANT_ADD(stress, rendezvous)
{
	.max_messages = 0, .least = 32, .most = 256,
};

FIXTURE_VARIANT_ADD(stress, rendezvous_pinned)
{
	.max_messages = 0, .least = 32 << 10, .most = LEN_MAX,
};

FIXTURE_VARIANT_ADD(stress, rendezvous_of_all_lengths)
{
	.max_messages = 0, .least = 32, .most = 64 << 10,
};

FIXTURE_VARIANT_ADD(stress, capacity_1)
{
	.max_messages = 1, .least = 32, .most = 512,
};

FIXTURE_VARIANT_ADD(stress, capacity_16)
{
	.max_messages = 16, .least = 32, .most = 512,
};

FIXTURE_VARIANT_ADD(stress, capacity_16_long)
{
	.max_messages = 16, .least = 32 << 10, .most = LEN_MAX,
};

FIXTURE_VARIANT_ADD(stress, bytes_bounded)
{
	.max_messages = IPCBOX_UNLIMITED, .max_bytes = LEN_MAX,
	.least = 32, .most = LEN_MAX,
};

FIXTURE_VARIANT_ADD(stress, unbounded)
{
	.max_messages = IPCBOX_UNLIMITED, .least = 32, .most = 1024,
};

FIXTURE_SETUP(stress)
{
	struct ipcbox_port_create attr = port_attr(NULL);

	config = variant;
	ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, ledger);
	self->box = box_open();
	ASSERT_LE(0, self->box);
	ASSERT_EQ(0, box_info(self->box, &self->before));
	attr.owner = IPCBOX_OWNER_HANDLE;
	attr.max_messages = variant->max_messages;
	attr.max_bytes = variant->max_bytes;
	attr.max_msgsize = LEN_MAX;
	self->port = port_create(self->box, &attr);
	ASSERT_LE(0, self->port);
}

FIXTURE_TEARDOWN(stress)
{
	close(self->port);
	close(self->box);
}

static uint64_t from_environment(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text ? strtoull(text, NULL, 0) : otherwise;
}

static void check_books(struct __test_metadata *_metadata,
			const struct tally *tally, const struct books *books,
			const struct ipcbox_stat *stat)
{
	EXPECT_EQ(0, tally->deaths);
	EXPECT_EQ(0, atomic_load(&ledger->complaints))
		TH_LOG("first of them: %s", ledger->complaint);
	EXPECT_EQ(0, books->false_received);
	/* Each kill hides at most one receive, or one send. */
	EXPECT_LE(books->received, stat->received);
	EXPECT_LE(stat->received - books->received, tally->receivers);
	EXPECT_LE(books->sent, stat->sent);
	EXPECT_LE(stat->sent - books->sent, tally->senders);
	/* And nothing is missing beyond what they hide. */
	EXPECT_EQ(stat->sent, stat->received);
	EXPECT_LE(books->lost, stat->received - books->received);
	EXPECT_LE(books->unknown_received, stat->sent - books->sent);
	EXPECT_EQ(stat->received - books->received,
		  books->lost +
		  (stat->sent - books->sent - books->unknown_received));
	EXPECT_LT(100, books->received);
	EXPECT_TRUE(enough(tally));
}

static void check_idle(struct __test_metadata *_metadata,
		       const struct ipcbox_stat *stat)
{
	EXPECT_EQ(0, stat->messages);
	EXPECT_EQ(0, stat->bytes);
	EXPECT_EQ(0, stat->taken);
	EXPECT_EQ(0, stat->next_size);
	EXPECT_EQ(0, stat->waiting_senders);
	EXPECT_EQ(0, stat->waiting_receivers);
	EXPECT_EQ(stat->sent_bytes, stat->received_bytes);
	EXPECT_EQ(1, stat->handles);
}

TEST_F_TIMEOUT(stress, every_message_is_accounted_for, 600)
{
	uint64_t seconds = from_environment("IPCBOX_STRESS_SECONDS", 15);
	uint64_t seed = from_environment("IPCBOX_STRESS_SEED", now_ns());
	struct ipcbox_info info;
	struct ipcbox_stat stat;
	struct tally tally;
	struct books books;
	unsigned int left, room = capacity(1024);

	TH_LOG("IPCBOX_STRESS_SEED=%llu", (unsigned long long)seed);
	chance_state = seed;
	signals_catch();
	tally = storm(self->port, seconds * SEC / VARIANTS);
	left = drain(self->port);
	ASSERT_EQ(0, port_stat(self->port, &stat));
	books = add_up();
	TH_LOG("%u messages begun, %u sent, %u received (%u of them at the end); %u kills, %u of senders and %u of receivers in a call; %llu sends and %llu receives not written down",
	       ledger->next, books.sent, books.received, left, tally.kills,
	       tally.senders, tally.receivers,
	       (unsigned long long)stat.sent - books.sent,
	       (unsigned long long)stat.received - books.received);
	check_books(_metadata, &tally, &books, &stat);
	check_idle(_metadata, &stat);

	/* Nothing of it is left behind. */
	ASSERT_EQ(0, box_info(self->box, &info));
	EXPECT_EQ(self->before.user_bytes, info.user_bytes);
	EXPECT_EQ(self->before.user_ports + 1, info.user_ports);
	EXPECT_EQ(room, fill(self->port, 1024, unlimited() ? room : room + 1));
	EXPECT_EQ(room, drain(self->port));
}

TEST_HARNESS_MAIN
