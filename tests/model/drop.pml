/* Truncate: whose rest of a line is dropped, and how long (contract 3). What is dropped must be the writer's own line,
 * which was cut; and a line may only be cut where by itself, without what others wrote beside it, it is over max.
 *
 * Modelled: N writers that write one or two bytes, a newline, one behind or before it, for ever, blind or having looked, with
 * all that comes of it: a break behind which the rest is dropped (`cut`), the owner's name that is put down in a later step,
 * the name of the one whose line it is alone, another's bytes that end the dropping (the report) or stand behind a break, and
 * the word's flag that outlives a renewal by one who hasn't seen it. A write goes out whole, or in several batches (PARTS). A
 * writer may die between any two steps, and another takes its place, with another name; or it leaves its write (siglongjmp),
 * and then its line isn't judged any more until it has ended (DEATHS).
 *
 * What the pipe holds doesn't matter here, so a writer's look, count and write are one step. How much others have begun to
 * write (`begun`) may be any number: so after a renewal the column is the tail or any more that may have been put behind it.
 *
 * Not modelled: a write that comes back short or fails, but as one that dies or is left; json, which drops by the same rules;
 * a torn text; the bound, for which see word.pml. Of the report that says nothing: it is shorter than any max, and stands
 * behind nothing but what was in flight when its line was cut.
 *
 * DEFINITIONS. LEAK: writers go quiet, then a lone one ends two lines, and nothing may be dropped any more. Faults: UNTIED: the
 * owner's name outlives the generation. LASTONE: the one who wrote last takes the line for its own. FIRSTONLY: only
 * before its first batch does a writer ask whose line it is. STAYS: a renewal never ends the dropping. For a counterexample see
 * word.pml; its steps are here that a writer wrote, renews, names, drops (all there is), dies or jumps. */
#ifndef MAX
#define MAX 2
#endif

#include "line.pml"

#define NOBODY N
mtype = { wrote, drops, renews, names, dies, jumps };

byte col; bit dropping;	/* the word */
bit same[N];		/* its generation is the one that the writer has */
byte c0[N];		/* the column as it was loaded, with what is the writer's own; 0 once the generation has changed */
byte owner = NOBODY, last = NOBODY, lastcol;
bit ownfresh, lastfresh;	/* that name is of this generation */
byte meant[N];		/* the truth: bytes of the writer's own line, up to MAX + 1 */
bit cut[N];		/* its rest may be dropped */
#ifdef LEAK
byte quiet, idle = N;
#endif
#define SAME(i) same[i] = 0; c0[i] = 0
#ifdef UNTIED
#define OWNER (owner == me)
#else
#define OWNER (owner == me && ownfresh)
#endif
#ifdef LASTONE
#define PURE (last == me && lastfresh)
#else
#define PURE (last == me && lastfresh && lastcol == col)
#endif
#ifdef FIRSTONLY
#define FIRST first &&
#else
#define FIRST
#endif
#define GROW(x) meant[me] = least(meant[me] + x, MAX + 1)
#ifdef LEAK
#define MAYDIE :: quiet < 2 -> goto dead :: quiet < 2 -> goto jumped
#elif defined(DEATHS)
#define MAYDIE :: goto dead :: goto jumped
#else
#define MAYDIE
#endif
#define SAY(what) printf("writer %d %e: pre %d r %d brk %d; left h %d nl %d t %d; line %d %d mine %d; own %d; col %d dropping %d owner %d %d last %d %d %d; meant %d cut %d\n", me, what, pre, r, brk, h, nl, t, lc, ld, mine, ownc, col, dropping, owner, ownfresh, last, lastfresh, lastcol, meant[me], cut[me])

proctype writer(byte me) {
	byte h, t;		/* what is left of the write: h bytes, a newline, t bytes */
	bit nl;
	bit first;		/* nothing of it is out yet */
	byte pre;		/* the batch begins with a break (1), the report (2) or none */
	byte r;			/* then r bytes and a break behind which bytes are dropped; without it all that is left */
	bit brk, drp;		/* drp: the word that was loaded says so */
	byte lc, from;		/* the line as it becomes, and as it was loaded */
	bit ld;
	bit mine, pure, seen, moved, all;
	byte ownc, add, x;	/* counted before the write; to be added behind it */
end:	do
#ifdef LEAK
	:: atomic { me == 0 && !quiet -> quiet = 1 }
#endif
	:: atomic {
#ifdef LEAK
		!quiet || (me == 0 && idle == N && quiet < 3) ->
		idle--;
#endif
		if
		:: t = 1
		:: t = 2
		:: nl = 1
		:: nl = 1; h = 1
		:: nl = 1; t = 1
		fi;
#ifdef LEAK
		if :: quiet -> quiet++; nl = 1; t = 0; h = 0 :: else fi;
#endif
		first = 1;
again:
		same[me] = 1; drp = dropping; ld = drp; lc = col; from = col; pure = !col || PURE;
		mine = drp && OWNER; seen = drp;
		if
		:: mine && nl && h -> assert(cut[me]); GROW(h); h = 0
		:: mine && !nl -> assert(cut[me]); GROW(t); t = 0
		:: else
		fi;
		if
		:: nl || t
		:: else -> SAY(drops); goto over
		fi;
		x = col;
		if
		:: drp -> pre = 2; x = 0
		:: !drp && col + (nl -> h : t) > MAX && col && FIRST !pure -> pre = 1; x = 0
		:: else
		fi;
		if
		:: !(pre == 2 && nl && !h) && x + (nl -> h : t) > MAX ->
			assert(meant[me] + (nl -> h : t) > MAX);
			brk = 1; r = less(MAX, x)
		:: else
		fi;
		if
		:: pre
		:: !pre && brk -> ownc = r
		:: !pre && !brk -> ownc = (nl -> h : t)
		:: !pre && !brk /* blind, or a line that the pipe takes whole */
		fi;
		x = 0;
		col = col + ownc; c0[me] = col;
	   /* the write: all of it goes out, a part, or nothing */
		do
#ifdef PARTS
		:: moved && !brk -> all = 1; break
#endif
		:: pre == 1 -> pre = 0; lc = 0; ld = 0; seen = 1; mine = 1; moved = 1
		:: pre == 2 -> pre = 0; lc = 0; ld = 0; seen = 1; moved = 1;
			if :: nl && !h -> nl = 0; meant[me] = 0; cut[me] = 0 :: else fi
		:: !pre && brk && r -> r--; lc++; GROW(1); if :: nl -> h-- :: else -> t-- fi; moved = 1
		:: !pre && brk && !r -> brk = 0; lc = 0; ld = 1; seen = 1; mine = 1; moved = 1; cut[me] = 1; all = 1; break
		:: !pre && !brk && nl && h -> h--; lc++; GROW(1); moved = 1
		:: !pre && !brk && nl && !h -> nl = 0; lc = 0; seen = 1; meant[me] = 0; cut[me] = 0; moved = 1
		:: !pre && !brk && !nl && t -> t--; lc++; GROW(1); moved = 1
		:: !pre && !brk && !nl && !t -> all = 1; break
		od;
		pre = 0; r = 0; brk = 0; first = 0;
		if :: !all || !(nl || t) -> all = 0; h = 0; nl = 0; t = 0 :: else fi;
#ifdef LASTONE
		moved = moved && lc;
#else
		moved = moved && lc && (seen || pure);
#endif
		mine = mine && ld; pure = 0;
		if
		:: seen -> ownc = 0
		:: !seen && lc - from >= ownc -> add = lc - from - ownc; ownc = 0; c0[me] = 0
		:: !seen && lc - from < ownc -> ownc = ownc - (lc - from); c0[me] = 0
		fi;
		from = 0;
#ifdef LASTONE
		if :: !seen -> lc = 0 :: else fi;
#endif
		if :: !seen && !moved -> lc = 0 :: else fi;
		SAY(wrote)
	   };
	   /* after it */
	   if MAYDIE
	   :: atomic { seen ->
		x = (same[me] -> less(col, c0[me]) : less(col, lc));
		do
		:: x -> x--
		:: break
		od;
		col = lc + x; x = 0;
#ifdef STAYS
		dropping = dropping || ld;
#else
		dropping = (dropping && !drp) || ld;
#endif
		ALL(SAME); same[me] = 1; ownfresh = 0; lastfresh = 0; lastcol = 0;
#ifndef UNTIED
		owner = NOBODY;
#endif
		last = NOBODY;
		SAY(renews); goto named }
	   :: atomic { !seen ->
		if
		:: ownc && same[me] -> col = less(col, ownc)
		:: else -> col = col + add
		fi;
		SAY(renews);
named:
		c0[me] = 0; ownc = 0; add = 0; drp = 0; seen = 0; ld = 0;
#ifdef LASTONE
		lc = 0;
#endif
		if :: !moved -> lc = 0 :: else fi;
		if :: !moved && !mine -> same[me] = 0; if :: all -> all = 0; goto again :: else -> goto over fi :: else fi }
	   fi;
	   /* the name */
	   if
	   MAYDIE
	   :: atomic { true ->
		assert(!moved || !mine);
		if
		:: moved && same[me] -> last = me; lastfresh = 1; lastcol = lc
		:: moved && !same[me] -> last = NOBODY; lastfresh = 0; lastcol = 0
		:: mine ->
			ownfresh = same[me];
#ifdef UNTIED
			owner = me
#else
			owner = (same[me] -> me : NOBODY)
#endif
		fi;
		lc = 0; mine = 0; moved = 0; same[me] = 0;
		SAY(names);
		if
		:: all -> all = 0; goto again
		:: else -> goto over
		fi }
	   fi;
dead:	   atomic { SAY(dies);
		if :: owner == me -> owner = NOBODY; ownfresh = 0 :: else fi;
		if :: last == me -> last = NOBODY; lastfresh = 0; lastcol = 0 :: else fi;
		meant[me] = 0; cut[me] = 0; goto over }
jumped:	   atomic { SAY(jumps); meant[me] = MAX + 1; cut[me] = 1 }
over:	   atomic {
		h = 0; t = 0; nl = 0; first = 0; pre = 0; r = 0; brk = 0; drp = 0; mine = 0; pure = 0; seen = 0; moved = 0; all = 0;
		lc = 0; ld = 0; ownc = 0; from = 0; add = 0; x = 0; same[me] = 0; c0[me] = 0;
#ifdef LEAK
		idle++;
		if :: quiet == 3 && me == 0 -> assert(!dropping && !col) :: else fi
#endif
	   }
	od
}
init { atomic { ALL(RUN) } }
