// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ledger: every message that somebody has tried to send, and who has
 * received it
 *
 * A message of 8 bytes and more begins with its tag, the index of its entry,
 * and a check sum of that, its length and the sequence; what follows derives
 * from these. So whoever receives it can tell which one it is and whether it is
 * whole, and a message of an earlier sequence is recognized as such.
 */

#include <string.h>

#include "run.h"

struct head {
	uint32_t tag;
	uint32_t sum;
};

static uint64_t mix(uint64_t x)
{
	struct rng rng = { .state = x };

	return rng_next(&rng);
}

static uint64_t payload_seed(uint64_t len, uint32_t tag)
{
	return mix(shared->nonce ^ mix(len << 32 | tag));
}

static uint64_t payload_word(uint64_t seed, uint64_t i)
{
	return (seed ^ i) * 0x9e3779b97f4a7c15;
}

static uint8_t payload_short(uint64_t len, uint64_t i)
{
	return 0xc0 ^ len << 3 ^ i;
}

/*
 * Writes the first `room` bytes of a payload of `len` bytes, or compares them:
 * what is the same in both is here once. False if they differ.
 */
static bool payload_walk(void *at, uint64_t len, uint64_t room, uint32_t tag,
			 bool write)
{
	uint64_t seed = payload_seed(len, tag), i, word, part;
	struct head head = { tag, seed };

	for (i = 0; i < room; i += part) {
		part = room - i < 8 ? room - i : 8;
		word = payload_word(seed, i);
		if (i == 0)
			memcpy(&word, &head, sizeof(word));
		if (write)
			memcpy((char *)at + i, &word, part);
		else if (memcmp((char *)at + i, &word, part))
			return false;
	}
	return true;
}

/**
 * payload_fill() - write a payload
 * @to: where
 * @len: of the message
 * @room: bytes that can be written, if less
 * @tag: of the message
 */
void payload_fill(void *to, uint64_t len, uint64_t room, uint32_t tag)
{
	uint64_t i;

	if (room > len)
		room = len;
	if (len >= TAGGED_MIN) {
		payload_walk(to, len, room, tag, true);
		return;
	}
	for (i = 0; i < room; i++)
		((uint8_t *)to)[i] = payload_short(len, i);
}

/**
 * payload_check() - is this a message of the sequence?
 * @data: payload
 * @len: its length
 * @tag: its tag, or NO_TAG if it is too short for one
 */
bool payload_check(const void *data, uint64_t len, uint32_t *tag)
{
	struct head head;
	uint64_t i;

	*tag = NO_TAG;
	if (len < TAGGED_MIN) {
		for (i = 0; i < len; i++)
			if (((uint8_t *)data)[i] != payload_short(len, i))
				return false;
		return true;
	}
	memcpy(&head, data, sizeof(head));
	*tag = head.tag;
	return head.tag < load(&shared->nr_messages) &&
	       head.tag < MAX_MESSAGES &&
	       shared->messages[head.tag].len == len &&
	       payload_walk((void *)data, len, len, head.tag, false);
}

/* Places */

/**
 * place_of() - the entry of a port
 * @box: index in world_box
 * @port: id
 *
 * Return: its index + 1; 0 if there is no room for it
 */
uint32_t place_of(unsigned int box, uint64_t port)
{
	uint64_t key = port << 8 | (box + 1), seen;
	unsigned int i, at = mix(key) % MAX_PLACES;

	for (i = 0; i < MAX_PLACES; i++, at = (at + 1) % MAX_PLACES) {
		seen = 0;
		if (__atomic_compare_exchange_n(&shared->places[at].key, &seen,
						key, false, __ATOMIC_SEQ_CST,
						__ATOMIC_SEQ_CST) ||
		    seen == key)
			return at + 1;
	}
	return 0;
}

/* Messages */

/**
 * ledger_send() - enter a message that is about to be sent
 * @thread: who sends it; CONDUCTOR if nobody knows when
 * @len: its length
 * @type: its type
 * @priority: its priority
 *
 * Return: its tag, or NO_TAG if the ledger is full
 */
uint32_t ledger_send(unsigned int thread, uint64_t len, uint64_t type,
		     uint8_t priority)
{
	uint32_t tag = add(&shared->nr_messages, 1);

	if (tag >= MAX_MESSAGES)
		return NO_TAG;
	shared->messages[tag] = (struct message){
		.len = len > UINT32_MAX ? UINT32_MAX : len,
		.type = type,
		.priority = priority,
		.thread = thread,
	};
	return tag;
}

/**
 * ledger_sent() - what became of a send
 * @tag: message
 * @sent: it succeeded
 * @place: where the message is then; 0 if that is not known
 * @id: of the message; 0 if that is not known
 */
void ledger_sent(uint32_t tag, bool sent, uint32_t place, uint64_t id)
{
	if (tag == NO_TAG)
		return;
	shared->messages[tag].place = place;
	shared->messages[tag].id = id;
	store(&shared->messages[tag].fate, sent ? FATE_SENT : FATE_FAILED);
}

static void receipt_add(const struct receipt *receipt)
{
	uint32_t n = add(&shared->nr_receipts, 1);

	if (n < MAX_RECEIPTS)
		shared->receipts[n] = *receipt;
}

/**
 * ledger_received() - check a message that has arrived, and enter that
 * @receipt: who has received it where; the tag is filled in here
 * @data: payload
 * @len: its length
 * @peek: it has only been looked at
 */
void ledger_received(struct receipt *receipt, const void *data, uint64_t len,
		     bool peek)
{
	uint32_t tag;

	if (!payload_check(data, len, &tag)) {
		find(FINDING_PAYLOAD, "thread %u: message id %llu of %llu bytes, tag %x, is not what was sent",
		     receipt->thread, (unsigned long long)receipt->id,
		     (unsigned long long)len, tag);
		return;
	}
	if (peek)
		return;
	receipt->tag = tag;
	receipt_add(receipt);
	if (tag != NO_TAG && add(&shared->messages[tag].received, 1))
		find(FINDING_TWICE, "thread %u: message %u has arrived before",
		     receipt->thread, tag);
}
