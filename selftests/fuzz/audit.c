// SPDX-License-Identifier: GPL-2.0-only
/*
 * The oracle for the ledger, when all have ended: what was received was sent,
 * there, once and in order, and what was sent was received
 */

#include "oracle.h"

static uint32_t least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Messages */

/* What came of a call, as its servers know it, is what the caller was told. */
static void request_check(uint32_t tag)
{
	const struct message *message = &shared->messages[tag];

	if (message->outcome == KNOWN_OUTCOME(IPCBOX_NOT_DELIVERED) &&
	    message->deliveries)
		find(FINDING_TWICE, "request %u was received, which the caller was told it was not",
		     tag);
	else if (message->outcome &&
		 message->outcome != KNOWN_OUTCOME(IPCBOX_ANSWERED) &&
		 message->received)
		find(FINDING_LOST, "request %u was answered, which the caller was not told",
		     tag);
}

/* Can messages move to a port that goes, or from which only its owner receives? */
static bool dead_letters_go(void)
{
	return sequence_has("set", "flags", IPCBOX_SET_DEAD_LETTER) &&
	       (sequence_has("delete", NULL, 0) ||
		sequence_has_value("create", "owner", IPCBOX_OWNER_PROCESS) ||
		sequence_has_value("create", "owner", IPCBOX_OWNER_HANDLE));
}

/*
 * One who receives alone, and was told that nothing more comes, has got all but
 * what it had held, which may have come back later.
 */
static bool place_emptied(const struct port_place *place,
			  const struct message *message)
{
	bool alone = !(place->receivers & (place->receivers - 1));

	return place->drained ||
	       (place->ended && alone && !shared->disorder &&
		!message->deliveries && !(place->closed & IPCBOX_RIGHT_RECV));
}

/*
 * That a reply was sent tells only that a caller was there, who may have died or
 * had no room for it.
 */
static void message_check(uint32_t tag)
{
	const struct message *message = &shared->messages[tag];
	const struct port_place *place;

	if (message->kind == MESSAGE_REQUEST) {
		request_check(tag);
		return;
	}
	if (message->fate == FATE_FAILED && message->received)
		find(FINDING_TWICE, "message %u arrived although its send had failed",
		     tag);
	if (message->kind == MESSAGE_REPLY || message->fate != FATE_SENT ||
	    message->received || !message->place || message->len < TAGGED_MIN ||
	    dead_letters_go())
		return;
	place = &shared->places[message->place - 1];
	if (place_emptied(place, message) && !place->unsure && !shared->unsure)
		find(FINDING_LOST, "message %u, id %llu, was sent to port %llu and is nowhere",
		     tag, (unsigned long long)message->id,
		     (unsigned long long)place->key >> 8);
}

/* Receipts */

/* It comes from where it was sent to, unless it has moved. */
static void receipt_check_place(const struct receipt *receipt)
{
	const struct message *message = &shared->messages[receipt->tag];

	if (message->place && receipt->place && !receipt->moved &&
	    message->place != receipt->place)
		find(FINDING_TWICE, "message %u was sent to port %llu, and arrived from port %llu",
		     receipt->tag,
		     (unsigned long long)shared->places[message->place - 1].key >> 8,
		     (unsigned long long)shared->places[receipt->place - 1].key >> 8);
}

/* Who has got the answer to a request has sent that. */
static void receipt_check_answer(const struct receipt *receipt)
{
	uint32_t nr = least(shared->nr_messages, MAX_MESSAGES), i;
	const struct message *reply;

	if (!receipt->held || !receipt->id || !receipt->place)
		return;
	for (i = 0; i < nr; i++) {
		reply = &shared->messages[i];
		if (reply->asked && reply->answers == receipt->id &&
		    reply->place == receipt->place &&
		    reply->asked != receipt->tag + 1)
			find(FINDING_TWICE, "the answer %u to message %u has come to who sent message %u",
			     i, receipt->tag, reply->asked - 1);
	}
}

/* What was held may come again, and what all get comes to all of them. */
static void receipt_check_id(const struct receipt *a, const struct receipt *b)
{
	bool again = a->held || b->held || place_may_broadcast(a->place);

	if (a->id && a->id == b->id && a->place && a->place == b->place &&
	    (!again || a->tag != b->tag))
		find(FINDING_ID, "two messages of one port have the id %llu",
		     (unsigned long long)a->id);
}

/* Of what all get, each handle gets one. */
static void receipts_check_once(const struct receipt *a,
				const struct receipt *b)
{
	if (a->tag == NO_TAG || a->tag != b->tag || a->held || b->held)
		return;
	if (!place_may_broadcast(a->place) ||
	    (a->handle && a->handle == b->handle))
		find(FINDING_TWICE, "message %u has arrived at thread %u and at thread %u",
		     a->tag, a->thread, b->thread);
}

/* Has it been out of line, so that it may come later than its place says? */
static bool receipt_late(const struct receipt *receipt)
{
	return receipt->held || (receipt->tag != NO_TAG &&
				 shared->messages[receipt->tag].deliveries);
}

/* Has it come from a line of its own, which nobody else has received from? */
static bool handle_alone(const struct receipt *receipt)
{
	return shared->places[receipt->place - 1].sharing && receipt->handle &&
	       !shared->disorder &&
	       shared->handles[receipt->handle - 1] == 1U << receipt->thread;
}

/*
 * Is it certain which of them was received first, and from the same line? That
 * is the port, if this thread alone has received from it; or the handle, if all
 * get all messages.
 */
static bool receipts_comparable(const struct receipt *a,
				const struct receipt *b)
{
	if (a->thread != CONDUCTOR && (receipt_late(a) || receipt_late(b)))
		return false;
	if (!a->place || a->place != b->place || a->thread != b->thread)
		return false;
	if (place_may_broadcast(a->place))
		return handle_alone(a) && a->handle == b->handle;
	return a->thread == CONDUCTOR ||
	       (!shared->disorder &&
		shared->places[a->place - 1].receivers == 1U << a->thread);
}

/* In the order in which one thread sent them? */
static bool receipts_ordered(const struct receipt *a, const struct receipt *b)
{
	const struct message *first, *second;

	if (a->tag == NO_TAG || b->tag == NO_TAG || a->moved || b->moved)
		return true;
	first = &shared->messages[a->tag];
	second = &shared->messages[b->tag];
	return a->tag < b->tag || first->thread == CONDUCTOR ||
	       first->thread != second->thread ||
	       first->type != second->type ||
	       first->priority != second->priority;
}

static void receipts_check_order(const struct receipt *a,
				 const struct receipt *b)
{
	if (!receipts_comparable(a, b))
		return;
	/* The conductor takes all there is, and nobody sends any more. */
	if (a->thread == CONDUCTOR && a->priority < b->priority)
		find(FINDING_ORDER, "priority %u arrived before %u",
		     a->priority, b->priority);
	if (!receipts_ordered(a, b))
		find(FINDING_ORDER, "message %u arrived before message %u of the same thread",
		     a->tag, b->tag);
}

/*
 * One whose receiver was killed while it entered it is not there, and its place
 * may still have that of an earlier sequence.
 */
static bool receipt_whole(const struct receipt *receipt)
{
	return receipt->whole == shared->nonce;
}

static void receipt_check(uint32_t n)
{
	const struct receipt *receipt = &shared->receipts[n], *other;
	uint32_t i, id;

	if (!receipt_whole(receipt))
		return;
	for (i = 0; i < n; i++) {
		other = &shared->receipts[i];
		if (!receipt_whole(other))
			continue;
		receipt_check_id(other, receipt);
		receipts_check_once(other, receipt);
		receipts_check_order(other, receipt);
	}
	if (receipt->tag == NO_TAG)
		return;
	receipt_check_place(receipt);
	receipt_check_answer(receipt);
	id = shared->messages[receipt->tag].id;
	if (receipt->id && id && receipt->id != id && !receipt->moved)
		find(FINDING_ID, "message %u of thread %u was sent with the id %u, and arrived at thread %u with %llu",
		     receipt->tag, shared->messages[receipt->tag].thread, id,
		     receipt->thread, (unsigned long long)receipt->id);
}

/* Of all messages and all receipts. */
void ledger_check(void)
{
	uint32_t nr, i;

	nr = least(shared->nr_messages, MAX_MESSAGES);
	for (i = 0; i < nr; i++)
		message_check(i);
	nr = least(shared->nr_receipts, MAX_RECEIPTS);
	for (i = 0; i < nr; i++)
		receipt_check(i);
}
