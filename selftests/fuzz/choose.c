// SPDX-License-Identifier: GPL-2.0-only
/* Values of a kind: choosing them, changing them, and as text */

#include <stdlib.h>
#include <string.h>

#include "kinds.h"

/* Choosing */

uint64_t kind_default(const struct kind *kind)
{
	return kind->bits ? 0 : kind->values[0].value;
}

static bool value_end(const struct value *value)
{
	return !value->weight && !value->name;
}

/* Any number, of any length in bits. */
static uint64_t number_wild(struct rng *rng)
{
	return rng_next(rng) >> rng_below(rng, 64);
}

static uint64_t bits_generate(const struct kind *kind, struct rng *rng)
{
	const struct value *value;
	uint64_t bits = 0;

	for (value = kind->values; !value_end(value); value++)
		if (rng_chance(rng, value->weight))
			bits |= value->value;
	if (rng_chance(rng, kind->wild))
		bits |= 1ULL << rng_below(rng, 64);
	return bits;
}

uint64_t kind_generate(const struct kind *kind, struct rng *rng)
{
	const struct value *value;
	unsigned int total = 0, at;

	if (kind->bits)
		return bits_generate(kind, rng);
	if (rng_chance(rng, kind->wild))
		return number_wild(rng);
	for (value = kind->values; !value_end(value); value++)
		total += value->weight;
	at = rng_below(rng, total);
	for (value = kind->values; at >= value->weight; value++)
		at -= value->weight;
	return value->value;
}

/* Something near, where there is a near, or something else. */
uint64_t kind_mutate(const struct kind *kind, struct rng *rng, uint64_t value)
{
	const struct value *bit;
	unsigned int n = 0;

	if (kind->bits && rng_chance(rng, 70)) {
		for (bit = kind->values; !value_end(bit); bit++)
			n++;
		return value ^ kind->values[rng_below(rng, n)].value;
	}
	if (kind->wild && !kind->bits && rng_chance(rng, 20))
		return value + (rng_chance(rng, 50) ? 1 : -1);
	return kind_generate(kind, rng);
}

/* Text */

static void number_print(uint64_t value, char *text, size_t size)
{
	snprintf(text, size, value < 1000000 ? "%llu" : "0x%llx",
		 (unsigned long long)value);
}

static void bits_print(const struct kind *kind, uint64_t bits, char *text,
		       size_t size)
{
	const struct value *value;
	size_t len = 0;

	text[0] = '\0';
	for (value = kind->values; !value_end(value); value++) {
		if (!value->name || !(bits & value->value))
			continue;
		len += snprintf(text + len, size - len, "%s%s",
				len ? "+" : "", value->name);
		bits &= ~value->value;
	}
	if (bits || !len)
		snprintf(text + len, size - len, "%s0x%llx", len ? "+" : "",
			 (unsigned long long)bits);
}

void kind_print(const struct kind *kind, uint64_t value, char *text,
		size_t size)
{
	const struct value *known;

	if (kind->bits) {
		bits_print(kind, value, text, size);
		return;
	}
	for (known = kind->values; !value_end(known); known++) {
		if (known->value == value && known->name) {
			snprintf(text, size, "%s", known->name);
			return;
		}
	}
	number_print(value, text, size);
}

static bool word_parse(const struct kind *kind, const char *text, size_t len,
		       uint64_t *value)
{
	const struct value *known;
	char *end;

	for (known = kind->values; !value_end(known); known++) {
		if (known->name && strlen(known->name) == len &&
		    !strncmp(known->name, text, len)) {
			*value = known->value;
			return true;
		}
	}
	*value = strtoull(text, &end, 0);
	return len && end == text + len;
}

bool kind_parse(const struct kind *kind, const char *text, uint64_t *value)
{
	uint64_t part;
	size_t len;

	if (!kind->bits)
		return word_parse(kind, text, strlen(text), value);
	for (*value = 0;; text += len + 1) {
		len = strcspn(text, "+");
		if (!word_parse(kind, text, len, &part))
			return false;
		*value |= part;
		if (!text[len])
			return true;
	}
}
