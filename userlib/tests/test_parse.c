// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How the command reads numbers and prints them, and which texts it shows.
 */
#include "command.h"
#include "test.h"

static void sizes(void)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} good[] = {
		{ "0", 0 }, { "4096", 4096 }, { "64K", 65536 }, { "1k", 1024 },
		{ "2G", 2ULL << 30 }, { "3MiB", 3ULL << 20 }, { "1T", 1ULL << 40 },
		{ "18446744073709551615", UINT64_MAX },
	};
	static const char *const bad[] = {
		"", "K", "-1", " 1", "+1", "1.5K", "1KB", "1X", "0x10",
		"18446744073709551616", "16777216T", "1K1",
	};
	uint64_t bytes;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(good); i++)
		CHECK(!parse_size("--x", good[i].text, UINT64_MAX, &bytes) &&
		      bytes == good[i].bytes);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(parse_size("--x", bad[i], UINT64_MAX, &bytes) == EXIT_USAGE);
	CHECK(!parse_size("--x", "1K", 1024, &bytes));
	CHECK(parse_size("--x", "1025", 1024, &bytes) == EXIT_USAGE);
}

static void numbers(void)
{
	uint64_t value;
	uint32_t mode;

	CHECK(!parse_number("--x", "31", 31, &value) && value == 31);
	CHECK(parse_number("--x", "32", 31, &value) == EXIT_USAGE);
	CHECK(!parse_process("--x", "4711", &value) && value == 4711);
	CHECK(parse_process("--x", "0", &value) == EXIT_USAGE);
	CHECK(parse_process("--x", "2147483648", &value) == EXIT_USAGE);
	CHECK(parse_number("--x", "", 31, &value) == EXIT_USAGE);
	CHECK(parse_number("--x", "1 ", 31, &value) == EXIT_USAGE);
	CHECK(!parse_capacity("--x", "unlimited", &value));
	CHECK(value == IPCBOX_UNLIMITED);
	CHECK(!parse_capacity("--x", "0", &value) && !value);
	CHECK(parse_capacity("--x", "1K", &value) == EXIT_USAGE);
	CHECK(!parse_mode("--x", "0660", &mode) && mode == 0660);
	CHECK(!parse_mode("--x", "6", &mode) && mode == 6);
	CHECK(parse_mode("--x", "0700", &mode) == EXIT_USAGE);
	CHECK(parse_mode("--x", "1666", &mode) == EXIT_USAGE);
	CHECK(parse_mode("--x", "68", &mode) == EXIT_USAGE);
}

static void seconds(void)
{
	static const char *const bad[] = {
		"", "-1", "nan", "inf", "1s", " 1", "1e999", ".", "e1",
	};
	double value;
	size_t i;

	CHECK(!parse_seconds("--x", "0.25", &value) && value > 0.2 && value < 0.3);
	CHECK(!parse_seconds("--x", ".5", &value) && value > 0.4);
	CHECK(!parse_seconds("--x", "10", &value) && value > 9.9);
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		CHECK(parse_seconds("--x", bad[i], &value) == EXIT_USAGE);
}

static void users(void)
{
	char name[64];
	uint32_t id;

	CHECK(!parse_user("--x", "root", &id) && id == 0);
	CHECK(!parse_group("--x", "4294967294", &id) && id == 4294967294U);
	CHECK(parse_user("--x", "4294967295", &id) == EXIT_USAGE);
	CHECK(parse_user("--x", "", &id) == EXIT_USAGE);
	CHECK(parse_group("--x", "no such group", &id) == EXIT_USAGE);
	user_name(0, name, sizeof(name));
	CHECK(!strcmp(name, "root"));
	user_name(4294967294U, name, sizeof(name));
	CHECK(!strcmp(name, "4294967294"));
}

static void printed_sizes(void)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{ 0, "0" }, { 1023, "1023" }, { 1024, "1K" }, { 65537, "65537" },
		{ 16 << 20, "16M" }, { 1ULL << 40, "1T" }, { 1ULL << 50, "1024T" },
		{ UINT64_MAX, "18446744073709551615" },
	};
	char text[32];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		print_size(sizes[i].bytes, text, sizeof(text));
		CHECK(!strcmp(text, sizes[i].text));
	}
}

/* One character of each length at the ends of what there is, and none. */
static void characters(void)
{
	static const struct {
		const char *text;
		size_t len;
	} texts[] = {
		{ " ", 1 }, { "~", 1 }, { "\xc2\xa0", 2 }, { "\xdf\xbf", 2 },
		{ "\xe0\xa0\x80", 3 }, { "\xed\x9f\xbf", 3 },
		{ "\xef\xbf\xbf", 3 }, { "\xf0\x90\x80\x80", 4 },
		{ "\xf4\x8f\xbf\xbf", 4 },
		/* controls */
		{ "", 0 }, { "\n", 0 }, { "\x1b", 0 }, { "\x7f", 0 },
		{ "\xc2\x80", 0 }, { "\xc2\x9f", 0 },
		/* not the shortest, half of a pair, too high */
		{ "\xc1\xbf", 0 }, { "\xe0\x9f\xbf", 0 },
		{ "\xf0\x8f\xbf\xbf", 0 }, { "\xed\xa0\x80", 0 },
		{ "\xf4\x90\x80\x80", 0 }, { "\xf5\x80\x80\x80", 0 },
		/* without their end, or beginning */
		{ "\xc3", 0 }, { "\xc3x", 0 }, { "\xe2\x82", 0 },
		{ "\xf0\x9f\x98", 0 }, { "\x80", 0 }, { "\xff", 0 },
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(texts); i++)
		CHECK(text_character(texts[i].text) == texts[i].len);
}

static void shown_texts(void)
{
	char safe[8];

	text_safe("a\xc3\xa4\xff\x1b[m", safe, sizeof(safe));
	CHECK(!strcmp(safe, "a\xc3\xa4??[m"));
	CHECK(text_width(safe) == 6);
	/* what does not fit is not cut in two */
	text_safe("123456\xc3\xa4", safe, sizeof(safe));
	CHECK(!strcmp(safe, "123456"));
	text_safe("", safe, sizeof(safe));
	CHECK(!*safe && !text_width(safe));
}

int main(void)
{
	static const struct test tests[] = {
		TEST(sizes),
		TEST(numbers),
		TEST(seconds),
		TEST(users),
		TEST(printed_sizes),
		TEST(characters),
		TEST(shown_texts),
	};

	/* what the parsers say to the user */
	if (!freopen("/dev/null", "w", stderr))
		return 1;
	return test_main(tests, ARRAY_SIZE(tests));
}
