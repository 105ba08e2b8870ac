/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sleep and wake of a lane, in all interleavings, on a machine with store buffers
 *
 * The producer puts RECORDS records into a lane with room for CAPACITY, the
 * consumer takes them out, and both sleep when there is nothing to do, as
 * <linux/ipcbox_ring.h> says. A wake-up that is lost ends in a state where
 * somebody sleeps for ever, which Spin reports as an invalid end state.
 *
 * Spin itself knows sequential consistency. So each side stores into a buffer,
 * from where the stores reach memory in order, but any time later: what
 * processors of x86 do. (Neither side loads what it stored itself.) A full
 * barrier waits for the buffer to be empty; so do an atomic operation and the
 * kernel. The full barriers between a store and a load are all that such a
 * machine needs, and they are what could be lost without any other test noticing.
 *
 * With LIGHT, the barrier is left out where the header leaves it out, and
 * membarrier(2) is what it is: a barrier on both sides. With HANDOVER, too, the
 * consumer goes at some time, and the next one does without membarrier(2).
 *
 * Each of these leaves something out, to prove that it is needed:
 *	NO_PEER_BARRIER	between publishing and looking for a sleeper (not LIGHT)
 *	NO_ARM_BARRIER	between announcing a sleep and looking again (not LIGHT)
 *	NO_MEMBARRIER	likewise, on the other side (LIGHT)
 *	NO_RESET	that the next consumer's lane is not light (HANDOVER)
 *	NO_KICK		the barrier on the other side after that (HANDOVER)
 *	NO_SECOND_LOOK	the look after the announcement
 *	BLIND_SLEEP	that falling asleep checks the bit
 */

#ifndef RECORDS
#define RECORDS		4
#endif
#ifndef CAPACITY
#define CAPACITY	2
#endif

#define PRODUCER	0
#define CONSUMER	1
#define OTHER(me)	(1 - (me))

/* What is in memory, for each side: its position, and its bit. */
byte position[2];
bool waits[2];

/* Whether the other side may believe that who sleeps makes its barrier. */
bool light[2] = true;

/* Who sleeps with a barrier on the other side. */
bool membarrier[2] = true;

/* Only with BLIND_SLEEP: who sleeps without a look at the bit. */
bool asleep[2];

mtype = { POSITION, WAITS };
chan buffer[2] = [3] of { mtype, byte };

#define STORE(me, word, value)	buffer[me]!word(value)
#define BARRIER(me)		empty(buffer[me])
#define ROOM			(tail - position[CONSUMER] < CAPACITY)
#define RECORD			(position[PRODUCER] > head)

inline land(me)
{
	if
	:: word == POSITION -> position[me] = value
	:: word == WAITS -> waits[me] = value
	fi
}

/* Lets one store after the other reach memory. */
active proctype memory()
{
	mtype word;
	byte value;

end:	do
	:: atomic { buffer[PRODUCER]?word(value) -> land(PRODUCER) }
	:: atomic { buffer[CONSUMER]?word(value) -> land(CONSUMER) }
	od
}

/* What ipcbox_ring_peer_waits() does, and the wake-up if it says so. */
inline wake_other(me)
{
#if defined(LIGHT)
	if
	:: waits[OTHER(me)] || !light[OTHER(me)] -> BARRIER(me)
	:: else
	fi;
#elif !defined(NO_PEER_BARRIER)
	BARRIER(me);
#endif
	if
	:: waits[OTHER(me)] ->
		atomic {
			BARRIER(me) ->
			waits[OTHER(me)] = false;
			asleep[OTHER(me)] = false
		}
	:: else
	fi
}

/* Announces a sleep, and sleeps if there is nothing to do even then. */
inline sleep_unless(condition, me)
{
	STORE(me, WAITS, true);
#ifndef NO_ARM_BARRIER
	BARRIER(me);
#endif
#if defined(LIGHT) && !defined(NO_MEMBARRIER)
	if
	:: membarrier[me] -> BARRIER(OTHER(me))
	:: else
	fi;
#endif
	if
#ifndef NO_SECOND_LOOK
	:: condition -> STORE(me, WAITS, false)
	:: else ->
#else
	:: true ->
#endif
		BARRIER(me);
#ifdef BLIND_SLEEP
		asleep[me] = true;
		!asleep[me]
#else
		!waits[me]
#endif
	fi
}

/* What ipcbox_lane_take() does for a consumer that is not light. */
inline hand_over()
{
	atomic {
		BARRIER(CONSUMER) ->
		waits[CONSUMER] = false;
		membarrier[CONSUMER] = false;
#ifndef NO_RESET
		light[CONSUMER] = false
#endif
	};
#ifndef NO_KICK
	BARRIER(PRODUCER)
#endif
}

active proctype producer()
{
	byte tail;

	do
	:: tail == RECORDS -> break
	:: tail < RECORDS && ROOM ->
		tail++;
		STORE(PRODUCER, POSITION, tail);
		wake_other(PRODUCER)
	:: tail < RECORDS && !ROOM ->
		sleep_unless(ROOM, PRODUCER)
	od
}

active proctype consumer()
{
	byte head;

	do
	:: head == RECORDS -> break
	:: head < RECORDS && RECORD ->
		head++;
		STORE(CONSUMER, POSITION, head);
		wake_other(CONSUMER)
	:: head < RECORDS && !RECORD ->
		sleep_unless(RECORD, CONSUMER)
#ifdef HANDOVER
	:: membarrier[CONSUMER] ->
		hand_over()
#endif
	od
}
