// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams and pipes do the same: generated sequences of calls, made on a pipe or
 * a FIFO of the kernel and on a stream, with every result compared
 *
 * What is meant to differ (see the header, "Streams") is kept out of the way:
 *
 * - A pipe counts pages, a stream bytes. So either nothing is ever full, or all
 *   that is written is whole pages.
 * - A page of a pipe is copied as one, a stream in the pieces it was written in.
 *   So what is read goes to good memory, or to none.
 * - A write that fails with EFAULT leaves an empty page in a pipe, which poll()
 *   reports. So it is the last call of a sequence.
 * - It fails so on a stream whether or not there would have been room.
 * - One thread makes all calls, so nobody waits while another one looks. A call
 *   that waits is ended by a signal.
 */

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "stream.h"

#include <kselftest_harness.h>

#define SLOTS		5
#define STEPS		60
#define SEQUENCES	100
#define PAGE		4096
#define LONGEST		(20 * PAGE)

enum op {
	OP_OPEN_READ, OP_OPEN_WRITE, OP_OPEN_BOTH, OP_CLOSE, OP_DUP, OP_READ,
	OP_READ_AGAIN, OP_READ_NOWHERE, OP_READV, OP_WRITE, OP_WRITE_AGAIN,
	OP_WRITE_HOLE, OP_WRITEV, OP_POLL, OP_FIONREAD, OP_BLOCK, OP_NONBLOCK,
	OP_GETFL, OP_SEEK, OP_PREAD, OPS
};

static const char * const op_names[] = {
	"open to read", "open to write", "open both", "close", "dup", "read",
	"read", "read nowhere", "readv", "write", "write", "write a hole",
	"writev", "poll", "FIONREAD", "block", "nonblock", "F_GETFL", "lseek",
	"pread",
};

/**
 * struct step - a call
 * @op: which
 * @slot: on which descriptor, or where to put a new one
 * @len: how many bytes
 * @nonblock: of what is opened
 */
struct step {
	enum op op;
	unsigned int slot;
	size_t len;
	bool nonblock;
};

/**
 * struct world - where the calls are made
 * @fds: descriptors, -1 for none
 * @path: of the FIFO, NULL for a stream
 * @box: for the stream
 * @buf: what is read goes here
 * @broken: how many SIGPIPEs there were
 */
struct world {
	int fds[SLOTS];
	const char *path;
	int box;
	char *buf;
	int broken;
};

static char *written;		/* LONGEST bytes, and a hole behind */
static unsigned int waits;	/* calls that a signal has ended */
static uint64_t random_state;

static unsigned int any(unsigned int n)
{
	random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (random_state >> 33) % n;
}

static void waited(int sig)
{
}

/* From now on, and again and again, until it is switched off. */
static void hurry(bool on)
{
	const struct itimerval val = {
		.it_value.tv_usec = on ? 2000 : 0,
		.it_interval.tv_usec = on ? 2000 : 0,
	};

	setitimer(ITIMER_REAL, &val, NULL);
}

static long do_open(struct world *world, const struct step *step)
{
	static const int modes[] = { O_RDONLY, O_WRONLY, O_RDWR };
	static const uint32_t rights[] = {
		IPCBOX_RIGHT_RECV, IPCBOX_RIGHT_SEND, RIGHTS_IO,
	};
	int *fd = &world->fds[step->slot];
	int which = step->op - OP_OPEN_READ;

	if (*fd >= 0)
		return 0;
	if (world->path) {
		*fd = open(world->path, modes[which] |
			   (step->nonblock ? O_NONBLOCK : 0));
		return *fd < 0 ? -errno : 0;
	}
	*fd = stream_open(world->box, "same", rights[which],
			  step->nonblock ? IPCBOX_NOWAIT : 0);
	return *fd < 0 ? *fd : 0;
}

static long do_dup(struct world *world, unsigned int slot)
{
	unsigned int to = (slot + 1) % SLOTS;

	if (world->fds[slot] < 0 || world->fds[to] >= 0)
		return 0;
	world->fds[to] = dup(world->fds[slot]);
	return world->fds[to] < 0;
}

static long do_poll(int fd)
{
	struct pollfd pollfd = {
		.fd = fd,
		.events = POLLIN | POLLOUT | POLLPRI | POLLRDNORM | POLLWRNORM,
	};

	return poll(&pollfd, 1, 0) < 0 ? -errno : pollfd.revents;
}

static long do_vector(int fd, char *data, size_t len, bool writes)
{
	struct iovec iov[3] = {
		{ data, len / 3 }, { NULL, 0 }, { data + len / 3, len - len / 3 },
	};
	ssize_t ret = writes ? writev(fd, iov, 3) : readv(fd, iov, 3);

	return ret < 0 ? -errno : ret;
}

static long do_flags(int fd, int set, int clear)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, (flags | set) & ~clear))
		return -errno;
	return fcntl(fd, F_GETFL) & (O_ACCMODE | O_NONBLOCK);
}

/* With a hole in it, behind some whole pages. */
static char *hole_behind(size_t len)
{
	return written + LONGEST - len / 2 / PAGE * PAGE;
}

static long do_transfer(struct world *world, const struct step *step, int fd)
{
	switch (step->op) {
	case OP_READ:
	case OP_READ_AGAIN:
		return sys_read(fd, world->buf, step->len);
	case OP_READ_NOWHERE:
		return sys_read(fd, written + LONGEST, step->len);
	case OP_READV:
		return do_vector(fd, world->buf, step->len, false);
	case OP_WRITE_HOLE:
		return sys_write(fd, hole_behind(step->len), step->len);
	case OP_WRITEV:
		return do_vector(fd, written + step->slot, step->len, true);
	default:
		return sys_write(fd, written + step->slot, step->len);
	}
}

static long do_step(struct world *world, const struct step *step)
{
	int fd = world->fds[step->slot];
	long ret;

	switch (step->op) {
	case OP_OPEN_READ:
	case OP_OPEN_WRITE:
	case OP_OPEN_BOTH:
		return do_open(world, step);
	case OP_CLOSE:
		world->fds[step->slot] = -1;
		return close(fd) ? -errno : 0;
	case OP_DUP:
		return do_dup(world, step->slot);
	case OP_POLL:
		return do_poll(fd);
	case OP_FIONREAD:
		return bytes_there(fd);
	case OP_BLOCK:
		return do_flags(fd, 0, O_NONBLOCK);
	case OP_NONBLOCK:
		return do_flags(fd, O_NONBLOCK, 0);
	case OP_GETFL:
		return do_flags(fd, 0, 0);
	case OP_SEEK:
		return lseek(fd, 0, SEEK_CUR) < 0 ? -errno : 0;
	case OP_PREAD:
		ret = pread(fd, world->buf, 1, 0);
		return ret < 0 ? -errno : ret;
	default:
		return do_transfer(world, step, fd);
	}
}

static bool may_wait(const struct step *step)
{
	return step->op <= OP_OPEN_BOTH ||
	       (step->op >= OP_READ && step->op <= OP_WRITEV);
}

/* One that would wait for ever is ended by a signal. */
static long make_step(struct world *world, const struct step *step)
{
	long ret;

	pipes_broken = 0;
	memset(world->buf, 0x55, LONGEST);
	hurry(may_wait(step));
	ret = do_step(world, step);
	hurry(false);
	world->broken = pipes_broken;
	return ret;
}

static size_t any_len(bool pages, bool reads)
{
	static const size_t some[] = { 0, 1, 2, 77, 150, 151, 300, 2000, 3000 };

	if (!pages)
		return some[any(9)];
	if (reads && any(2))
		return any(2 * PAGE);
	return any(8) ? PAGE * (1 + any(5)) : LONGEST;
}

/* Without pages, only so many writes until all is read, see the top. */
static struct step any_step(bool pages, bool named, bool last,
			    unsigned int *writes)
{
	struct step step = { .op = any(OPS), .slot = any(SLOTS),
			     .nonblock = any(4) };
	bool reads = step.op >= OP_READ && step.op <= OP_READV;
	bool does_write = step.op >= OP_WRITE && step.op <= OP_WRITEV;

	if (!named && step.op <= OP_OPEN_BOTH)
		step.op = OP_POLL;
	if (last && any(2))
		step.op = OP_WRITE_HOLE;
	else if (step.op == OP_WRITE_HOLE)
		step.op = OP_WRITE;
	if (!named && step.op == OP_CLOSE && any(3))
		step.op = OP_FIONREAD;
	step.len = any_len(pages, reads);
	if (does_write && step.op != OP_WRITE_HOLE && !pages &&
	    ++*writes > 14) {
		step.op = OP_READ;
		step.len = LONGEST;
	}
	if (step.op == OP_WRITE_HOLE && !pages)
		step.len = PAGE / 2;
	return step;
}

struct pair {
	struct world kernel;
	struct world ours;
};

/* Did it find the hole where the kernel found no room? */
static bool found_hole(const struct step *step, long ret, long our)
{
	return step->op == OP_WRITE_HOLE && our == -EFAULT &&
	       (ret == -EAGAIN || ret == -EINTR);
}

static bool same_step(struct pair *pair, const struct step *step)
{
	long ret = make_step(&pair->kernel, step);
	long our = make_step(&pair->ours, step);

	waits += ret == -EINTR;
	if ((ret == our || found_hole(step, ret, our)) &&
	    pair->kernel.broken == pair->ours.broken &&
	    !memcmp(pair->kernel.buf, pair->ours.buf, LONGEST))
		return true;
	fprintf(stderr, "# %s of %zu on %u: %ld and %d signals, but here %ld and %d\n",
		op_names[step->op], step->len, step->slot, ret,
		pair->kernel.broken, our, pair->ours.broken);
	return false;
}

/* The descriptors of a sequence: none, or those of a pipe. */
static void pair_begin(struct pair *pair, bool named)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		pair->kernel.fds[i] = -1;
		pair->ours.fds[i] = -1;
	}
	if (named)
		return;
	if (pipe(pair->kernel.fds) ||
	    stream_pipe(pair->ours.box, 0, 0, pair->ours.fds))
		abort();
}

static void pair_end(struct pair *pair)
{
	int i;

	for (i = 0; i < SLOTS; i++) {
		close(pair->kernel.fds[i]);
		close(pair->ours.fds[i]);
	}
}

/* How many steps were the same, of STEPS. */
static int same_sequence(struct pair *pair, bool pages, bool named)
{
	unsigned int writes = 0;
	struct step step;
	int i;

	pair_begin(pair, named);
	for (i = 0; i < STEPS; i++) {
		step = any_step(pages, named, i == STEPS - 1, &writes);
		if (!same_step(pair, &step))
			break;
		if (!pages && pair->kernel.fds[step.slot] >= 0 &&
		    !bytes_there(pair->kernel.fds[step.slot]))
			writes = 0;
	}
	pair_end(pair);
	return i;
}

FIXTURE(stream_same)
{
	struct pair pair;
	char dir[32];
	char path[64];
};

FIXTURE_SETUP(stream_same)
{
	struct sigaction action = { .sa_handler = waited };
	size_t i;

	self->pair.ours.box = box_private();
	ASSERT_LE(0, self->pair.ours.box);
	ASSERT_LE(0, stream_create(self->pair.ours.box, "same"));
	strcpy(self->dir, "/tmp/ipcbox-same.XXXXXX");
	ASSERT_NE(NULL, mkdtemp(self->dir));
	snprintf(self->path, sizeof(self->path), "%s/fifo", self->dir);
	ASSERT_EQ(0, mkfifo(self->path, 0600));
	self->pair.kernel.path = self->path;
	self->pair.kernel.buf = malloc(LONGEST);
	self->pair.ours.buf = malloc(LONGEST);
	written = mmap(NULL, 2 * LONGEST, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, written);
	ASSERT_EQ(0, munmap(written + LONGEST, LONGEST));
	for (i = 0; i < LONGEST; i++)
		written[i] = i * 11 + i / 253;
	pipe_catch();
	sigaction(SIGALRM, &action, NULL);
}

FIXTURE_TEARDOWN(stream_same)
{
	unlink(self->path);
	rmdir(self->dir);
	free(self->pair.kernel.buf);
	free(self->pair.ours.buf);
	close(self->pair.ours.box);
}

FIXTURE_VARIANT(stream_same)
{
	bool named;
	bool pages;
};

FIXTURE_VARIANT_ADD(stream_same, pipe) { .named = false, .pages = false };
FIXTURE_VARIANT_ADD(stream_same, full_pipe) { .named = false, .pages = true };
FIXTURE_VARIANT_ADD(stream_same, fifo) { .named = true, .pages = false };
FIXTURE_VARIANT_ADD(stream_same, full_fifo) { .named = true, .pages = true };

TEST_F_TIMEOUT(stream_same, every_result_is_the_same, 300)
{
	int i;

	for (i = 0; i < SEQUENCES; i++) {
		random_state = i * 1000003ULL + variant->named * 2 +
			       variant->pages;
		ASSERT_EQ(STEPS, same_sequence(&self->pair, variant->pages,
					       variant->named))
			TH_LOG("sequence %d", i);
	}
	/* Some of them have waited. */
	EXPECT_LE(SEQUENCES / 10, waits);
}

TEST_HARNESS_MAIN
