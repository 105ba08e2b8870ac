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

/* The box of a port, as place_of() was told. */
unsigned int place_box(uint32_t place)
{
	return place ? (shared->places[place - 1].key & 0xff) - 1 : 0;
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
 * @fate: what the sender was told
 * @place: where the message is then; 0 if that is not known
 * @id: of the message; 0 if that is not known
 */
void ledger_sent(uint32_t tag, enum message_fate fate, uint32_t place,
		 uint64_t id)
{
	if (tag == NO_TAG)
		return;
	shared->messages[tag].place = place;
	shared->messages[tag].id = id;
	store(&shared->messages[tag].fate, fate);
}

/* Receipts */

static void receipt_add(const struct receipt *receipt)
{
	uint32_t n = add(&shared->nr_receipts, 1);

	if (n >= MAX_RECEIPTS)
		return;
	shared->receipts[n] = *receipt;
	store(&shared->receipts[n].whole, shared->nonce);
}

/* In a port of which all receive all, a message arrives more than once. */
bool place_may_broadcast(uint32_t place)
{
	uint32_t sharing = place ? load(&shared->places[place - 1].sharing) : 0;

	if (sharing)
		return sharing - 1 >= IPCBOX_SHARE_ALL;
	return sequence_has_value("create", "sharing", IPCBOX_SHARE_ALL) ||
	       sequence_has_value("create", "sharing", IPCBOX_SHARE_ALL_LOSSY);
}

static void received_once(uint32_t tag, unsigned int thread, uint32_t place)
{
	if (tag != NO_TAG && add(&shared->messages[tag].received, 1) &&
	    !place_may_broadcast(place))
		find(FINDING_TWICE, "thread %u: message %u has arrived before",
		     thread, tag);
}

/*
 * What read() has received may have been a request, which it does not say; what
 * IPCBOX_RECV says must be so.
 */
static bool receipt_held(struct receipt *receipt)
{
	const struct message *message = &shared->messages[receipt->tag];

	if (receipt->tag == NO_TAG)
		return receipt->held;
	if (message->kind == MESSAGE_REPLY)
		find(FINDING_TWICE, "thread %u: the reply %u is in line",
		     receipt->thread, receipt->tag);
	if (message->kind == MESSAGE_REQUEST && receipt->id && !receipt->held)
		find(FINDING_STAT, "thread %u: the request %u is said to be none",
		     receipt->thread, receipt->tag);
	return receipt->held || message->kind == MESSAGE_REQUEST;
}

/**
 * ledger_received() - check a message that has arrived, and enter that
 * @receipt: who has received it where; the tag is filled in here
 * @data: payload
 * @len: its length
 * @peek: it has only been looked at
 *
 * A message that is held is not received yet, and may be delivered again.
 */
void ledger_received(struct receipt *receipt, const void *data, uint64_t len,
		     bool peek)
{
	uint32_t tag;

	/* read() does not say which it is. */
	if (!receipt->id && event_is(data, len))
		return;
	if (!payload_check(data, len, &tag)) {
		if (sequence_streams() && stream_is(data, len))
			return;
		find(FINDING_PAYLOAD, "thread %u: message id %llu of %llu bytes, tag %x, is not what was sent",
		     receipt->thread, (unsigned long long)receipt->id,
		     (unsigned long long)len, tag);
		return;
	}
	if (peek)
		return;
	receipt->tag = tag;
	receipt->held = receipt_held(receipt);
	/* read() does not say whether it is a dead letter. */
	receipt->moved |= !receipt->id &&
			  sequence_has("set", "flags", IPCBOX_SET_DEAD_LETTER);
	if (receipt->held && tag != NO_TAG)
		add(&shared->messages[tag].deliveries, 1);
	receipt_add(receipt);
	if (!receipt->held)
		received_once(tag, receipt->thread, receipt->place);
}

/* The latest receipt that this is true of, or NULL; `n` of these are left out. */
static struct receipt *receipt_of_held(uint32_t place, uint64_t id,
				       unsigned int n)
{
	uint32_t i = load(&shared->nr_receipts);
	struct receipt *receipt;

	if (i > MAX_RECEIPTS)
		i = MAX_RECEIPTS;
	while (i--) {
		receipt = &shared->receipts[i];
		if (load(&receipt->whole) != shared->nonce || !receipt->held ||
		    !receipt->id || receipt->place != place)
			continue;
		if (id ? receipt->id == id : !receipt->done && !n--)
			return receipt;
	}
	return NULL;
}

/**
 * ledger_held() - a message that somebody holds
 * @place: its port
 * @n: 0 for the latest, 1 for the one before it, …
 *
 * Return: its id, or 0 if there is none
 */
uint64_t ledger_held(uint32_t place, unsigned int n)
{
	const struct receipt *receipt = receipt_of_held(place, 0, n);

	return receipt ? receipt->id : 0;
}

/**
 * ledger_done() - somebody does not hold a message any more
 * @place: its port; 0 if that is not known for sure
 * @id: of the message
 * @received: done with it; otherwise it is back in line
 *
 * Of one whose delivery was not entered, because its receiver has died or could
 * not read the id, nobody knows which one it is.
 */
void ledger_done(uint32_t place, uint64_t id, bool received)
{
	struct receipt *receipt = place && id ?
				  receipt_of_held(place, id, 0) : NULL;

	if (receipt)
		receipt->done = true;
	if (receipt && received)
		received_once(receipt->tag, receipt->thread, place);
	else if (!receipt && received)
		store(&shared->unsure, 1);
}

/**
 * ledger_answered() - check a reply that has arrived
 * @ctx: call
 * @data: payload
 * @len: its length
 * @type: its type, as the caller was told
 * @request: id of the request; 0 if that is not known
 */
void ledger_answered(const struct context *ctx, const void *data, uint64_t len,
		     uint64_t type, uint64_t request)
{
	struct message *message;
	uint32_t tag;

	if (!payload_check(data, len, &tag)) {
		find(FINDING_PAYLOAD, "thread %u: the reply to request %llu of %llu bytes, tag %x, is not what was sent",
		     ctx->thread, (unsigned long long)request,
		     (unsigned long long)len, tag);
		return;
	}
	if (tag == NO_TAG)
		return;
	message = &shared->messages[tag];
	if (message->kind != MESSAGE_REPLY ||
	    (request && message->answers != request))
		find(FINDING_TWICE, "thread %u: request %llu is answered by message %u, which is for %llu",
		     ctx->thread, (unsigned long long)request, tag,
		     (unsigned long long)message->answers);
	if (message->type != type)
		find(FINDING_STAT, "reply %u has type %llx, and arrived with %llx",
		     tag, (unsigned long long)message->type,
		     (unsigned long long)type);
	if (add(&message->received, 1))
		find(FINDING_TWICE, "thread %u: reply %u has arrived before",
		     ctx->thread, tag);
	message->asked = ctx->tag + 1;
}
