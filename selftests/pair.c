// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pairs: ports that at most two processes have opened (IPCBOX_SHARE_PAIR)
 */

#include <stdatomic.h>
#include <sys/mman.h>

#include "peer.h"

#include <kselftest_harness.h>

#define PEERS	3
#define CROWD	8
#define ROUNDS	20

FIXTURE(pair)
{
	int box;
	struct peer peers[PEERS];
};

FIXTURE_SETUP(pair)
{
	struct ipcbox_port_create attr = port_attr("pair");
	int i, fd;

	self->box = box_private();
	ASSERT_LE(0, self->box);
	attr.sharing = IPCBOX_SHARE_PAIR;
	fd = port_create(self->box, &attr);
	ASSERT_LE(0, fd);
	/* Whoever has created it has closed it. */
	close(fd);
	for (i = 0; i < PEERS; i++)
		self->peers[i] = peer_start(self->box);
}

FIXTURE_TEARDOWN(pair)
{
	int i;

	for (i = 0; i < PEERS; i++)
		peer_end(&self->peers[i], SIGKILL);
	close(self->box);
}

static long opens(const struct peer *peer, uint32_t rights)
{
	return peer_do(peer, (struct peer_order){
		.call = PEER_OPEN, .flags = rights, .text = "pair",
	}).ret;
}

static long creates(const struct peer *peer)
{
	return peer_do(peer, (struct peer_order){
		.call = PEER_CREATE, .flags = RIGHTS_IO, .text = "pair",
	}).ret;
}

static long closes(const struct peer *peer, int fd)
{
	return peer_do(peer, (struct peer_order){
		.call = PEER_CLOSE, .fd = fd,
	}).ret;
}

TEST_F(pair, a_third_process_is_refused)
{
	ASSERT_LE(0, opens(&self->peers[0], RIGHTS_IO));
	ASSERT_LE(0, opens(&self->peers[1], IPCBOX_RIGHT_SEND));
	EXPECT_EQ(-EUSERS, opens(&self->peers[2], RIGHTS_IO));
	EXPECT_EQ(-EUSERS, opens(&self->peers[2], IPCBOX_RIGHT_MANAGE));
	EXPECT_EQ(-EUSERS, creates(&self->peers[2]));
	/* The two may open it again. */
	EXPECT_LE(0, opens(&self->peers[0], RIGHTS_IO));
	EXPECT_LE(0, creates(&self->peers[1]));
}

TEST_F(pair, anybody_may_look_on)
{
	ASSERT_LE(0, opens(&self->peers[0], 0));
	ASSERT_LE(0, opens(&self->peers[1], RIGHTS_IO));
	ASSERT_LE(0, opens(&self->peers[2], RIGHTS_IO));
	EXPECT_LE(0, opens(&self->peers[0], 0));
	EXPECT_EQ(-EUSERS, opens(&self->peers[0], RIGHTS_IO));
}

TEST_F(pair, a_place_is_free_when_the_last_handle_is_closed)
{
	int first, second;

	ASSERT_LE(0, opens(&self->peers[0], RIGHTS_IO));
	first = opens(&self->peers[1], RIGHTS_IO);
	second = opens(&self->peers[1], RIGHTS_IO);
	ASSERT_LE(0, second);
	ASSERT_EQ(0, closes(&self->peers[1], first));
	EXPECT_EQ(-EUSERS, opens(&self->peers[2], RIGHTS_IO));
	ASSERT_EQ(0, closes(&self->peers[1], second));
	EXPECT_LE(0, opens(&self->peers[2], RIGHTS_IO));
	EXPECT_EQ(-EUSERS, opens(&self->peers[1], RIGHTS_IO));
}

TEST_F(pair, a_place_is_free_when_its_process_is_killed)
{
	ASSERT_LE(0, opens(&self->peers[0], RIGHTS_IO));
	ASSERT_LE(0, opens(&self->peers[1], RIGHTS_IO));
	peer_end(&self->peers[0], SIGKILL);
	EXPECT_LE(0, opens(&self->peers[2], RIGHTS_IO));
}

TEST_F(pair, a_handle_passed_on_keeps_the_place_of_its_opener)
{
	pid_t heir;

	ASSERT_LE(0, opens(&self->peers[0], RIGHTS_IO));
	ASSERT_LE(0, opens(&self->peers[1], RIGHTS_IO));
	heir = peer_do(&self->peers[1],
		       (struct peer_order){ .call = PEER_FORK }).ret;
	ASSERT_LT(0, heir);
	peer_end(&self->peers[1], SIGKILL);
	EXPECT_EQ(-EUSERS, opens(&self->peers[2], RIGHTS_IO));
	/* An orphan: nobody tells us when it is gone. */
	kill(heir, SIGKILL);
	while (!kill(heir, 0))
		sleep_ns(MSEC);
	EXPECT_LE(0, opens(&self->peers[2], RIGHTS_IO));
}

TEST_F(pair, what_is_inherited_needs_no_place)
{
	int port = port_open(self->box, "pair", RIGHTS_IO);
	struct ipcbox_stat stat;
	char text[8] = "";
	pid_t pid;

	ASSERT_LE(0, port);
	ASSERT_LE(0, opens(&self->peers[0], RIGHTS_IO));
	pid = fork();
	if (!pid)
		_exit(write(port, "child", 5) != 5 ||
		      port_open(self->box, "pair", RIGHTS_IO) != -EUSERS);
	EXPECT_EQ(0, child_wait(pid));
	EXPECT_EQ(5, sys_read(port, text, sizeof(text)));
	EXPECT_EQ(0, port_stat(port, &stat));
	EXPECT_EQ(IPCBOX_SHARE_PAIR, stat.sharing);
	EXPECT_EQ(2, stat.handles);
	close(port);
}

struct crowd {
	atomic_int ready;
	atomic_int judged;
	atomic_int admitted;
	atomic_int refused;
};

/* Keeps its handle until all have tried. */
static void crowd_member(int box, struct crowd *crowd)
{
	int fd;

	atomic_fetch_add(&crowd->ready, 1);
	while (atomic_load(&crowd->ready) < CROWD)
		sched_yield();
	fd = port_open(box, "pair", RIGHTS_IO);
	if (fd >= 0)
		atomic_fetch_add(&crowd->admitted, 1);
	else if (fd == -EUSERS)
		atomic_fetch_add(&crowd->refused, 1);
	atomic_fetch_add(&crowd->judged, 1);
	while (atomic_load(&crowd->judged) < CROWD)
		sched_yield();
	_exit(0);
}

TEST_F_TIMEOUT(pair, of_many_at_once_two_come_in, 60)
{
	struct crowd *crowd = mmap(NULL, sizeof(*crowd), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int i, round;

	ASSERT_NE(MAP_FAILED, crowd);
	for (round = 0; round < ROUNDS; round++) {
		memset(crowd, 0, sizeof(*crowd));
		for (i = 0; i < CROWD; i++)
			if (!fork())
				crowd_member(self->box, crowd);
		while (atomic_load(&crowd->judged) < CROWD)
			sleep_ns(MSEC);
		EXPECT_EQ(2, atomic_load(&crowd->admitted));
		EXPECT_EQ(CROWD - 2, atomic_load(&crowd->refused));
		for (i = 0; i < CROWD; i++)
			wait(NULL);
	}
	munmap(crowd, sizeof(*crowd));
}

TEST_HARNESS_MAIN
