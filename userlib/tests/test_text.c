// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Texts and times.
 */
#include <math.h>
#include <time.h>

#include "test.h"

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

/* Every error that the functions are documented to return says what to do. */
static void errors_advise(void)
{
	static const int errors[] = {
		EAGAIN, ETIMEDOUT, EINTR, EMSGSIZE, EDQUOT, EBADF, EIDRM,
		ENOENT, EEXIST, EACCES, EPERM, EINVAL, ENODEV, EOPNOTSUPP,
		ENOTTY, E2BIG, EFAULT, ENOMEM, EMFILE, ENFILE, ESRCH,
		EOWNERDEAD, ECANCELED, ELOOP, ETOOMANYREFS,
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(errors); i++) {
		const char *text = ipcbox_strerror(-errors[i]);

		CHECK(text == ipcbox_strerror(errors[i]));
		CHECK(strcmp(text, strerror(errors[i])));
		CHECK(strchr(text, '(') && text[strlen(text) - 1] == ')');
	}
	CHECK(!strcmp(ipcbox_strerror(-EXDEV), strerror(EXDEV)));
}

static void words_of_sharing(void)
{
	CHECK(!strcmp(ipcbox_sharing_name(IPCBOX_SHARE_ANY), "any"));
	CHECK(!strcmp(ipcbox_sharing_name(IPCBOX_SHARE_ONE), "one"));
	CHECK(!strcmp(ipcbox_sharing_name(IPCBOX_SHARE_PAIR), "pair"));
	CHECK(!strcmp(ipcbox_sharing_name(IPCBOX_SHARE_ALL), "all"));
	CHECK(!strcmp(ipcbox_sharing_name(IPCBOX_SHARE_ALL_LOSSY), "lossy"));
	CHECK(!strcmp(ipcbox_sharing_name(5), "unknown"));
}

static void words(void)
{
	CHECK(!strcmp(ipcbox_kind_name(IPCBOX_KIND_MAILBOX), "mailbox"));
	CHECK(!strcmp(ipcbox_kind_name(IPCBOX_KIND_INBOX), "inbox"));
	CHECK(!strcmp(ipcbox_owner_name(IPCBOX_OWNER_KERNEL), "kernel"));
	CHECK(!strcmp(ipcbox_owner_name(IPCBOX_OWNER_PROCESS), "process"));
	CHECK(!strcmp(ipcbox_owner_name(IPCBOX_OWNER_HANDLE), "handle"));
	CHECK(!strcmp(ipcbox_outcome_name(IPCBOX_NOT_DELIVERED),
		      "not delivered"));
	CHECK(!strcmp(ipcbox_outcome_name(IPCBOX_UNANSWERED), "unanswered"));
	CHECK(!strcmp(ipcbox_outcome_name(IPCBOX_ANSWERED), "answered"));
	CHECK(!strcmp(ipcbox_outcome_name(3), "unknown"));
	CHECK(!strcmp(ipcbox_kind_name(~0U), "unknown"));
	CHECK(!strcmp(ipcbox_owner_name(3), "unknown"));
	CHECK(!strcmp(ipcbox_version(), IPCBOX_VERSION));
}

static void deadlines(void)
{
	uint64_t before = now();
	uint64_t deadline = ipcbox_deadline_in(2.5);
	uint64_t after = now();

	CHECK(deadline >= before + 2500000000U);
	CHECK(deadline <= after + 2500000000U);
	CHECK(ipcbox_deadline_in(0) && ipcbox_deadline_in(0) <= now());
	CHECK(ipcbox_deadline_in(-1e300) <= now());
	CHECK(ipcbox_deadline_in(NAN) && ipcbox_deadline_in(NAN) <= now());
	CHECK(ipcbox_deadline_in(INFINITY) == INT64_MAX);
	CHECK(ipcbox_deadline_in(1e300) == INT64_MAX);
	CHECK(ipcbox_deadline_in(9.2e9) <= INT64_MAX);
}

int main(void)
{
	static const struct test tests[] = {
		TEST(errors_advise),
		TEST(words),
		TEST(words_of_sharing),
		TEST(deadlines),
	};

	return test_main(tests, ARRAY_SIZE(tests));
}
