/* The protocol of the word that all writers to a pipe share: what they count before a write, and how they
 * begin the line anew behind a newline. `run` has the claims; src/line must do what stands here. pieces.pml has the
 * writes that go out in several batches, drop.pml has truncate.
 *
 * Modelled: N writers that write for ever, each write of at most S bytes, with a newline (h bytes before it, t
 * behind the last) or without; alone (nobody else is in flight and the line is empty: see line_enter_alone), blind (its bytes
 * are counted in `blind`, unseen) and having looked (they are counted in `col`, or a break goes in, with its mark). A line
 * that stays open may go up to OPEN, where a mark still fits, and one that ends in the write up to MAX. A pipe takes PB bytes
 * whole and more in pieces, with others' bytes between them; it may take a part only (SHORT). A writer may die between any
 * two steps (DEATHS), and another takes its place: so the number of writes and of deaths has no end. A signal handler that
 * writes is one of the other writers here: it only runs while the one it interrupts stands still, and siglongjmp is that
 * one's death. A successful compare-and-swap is one step, and one that fails is none. `gen` and `begun` have no end here, so
 * what is kept of them is what each writer asks: is gen still mine (same), what have others begun (oth).
 *
 * Not modelled: generations that come round, lines longer than S, a begun that is read long before the swap unless LOOK
 * is defined, a mark in a write that the pipe takes in pieces (the emitter makes none). A newline counts in n and not in a line.
 *
 * DEFINITIONS. BOUND: the line's; without it max and all that was in flight (the last write included) when the line
 * began, and at most while its last write was made. ONLYLINES: whole lines only, and how long; ONLYPIECES: no newline is
 * written. NOBREAK: a break is a fault. LEAK: writers go quiet, then a lone one ends two lines, and the word must be 0.
 * NOALONE: nobody goes alone. ATONCE: a write begins and is counted in one step. Faults: TODAY: nothing is counted before a
 * write. RESERVE: lines that the pipe takes whole count h before it. NOROOM: none is kept for the mark. NOLAND: nobody takes
 * a dead one's bytes out of flight. FORGETS: one who ends no line does, too.
 *
 * A counterexample: `spin -a DEFINITIONS word.pml && gcc -DSAFETY -DBFS -DNOREDUCE -o pan pan.c && ./pan`, then
 * `spin -k word.pml.trail DEFINITIONS word.pml`: a line for each step of a writer. It begins, is gated, wrote, ends (as just
 * before it brings the word up to date or has just done so) or dies; n = r bytes, a break, h bytes, a newline, t bytes; k are
 * out. */
#ifndef A
#define A MAX		/* so many may be in flight, blind */
#endif
#ifndef PB
#define PB 2
#endif
#ifndef S
#define S 3
#endif
#ifndef CAP
#define CAP (MAX+S)
#endif
#define CROWDED 200	/* more left than was in flight: nobody goes blind */

#include "line.pml"

mtype = { begins, gated, wrote, ends, dies };
byte col, blind;	/* the word */
bit same[N];		/* gen is the one that was loaded */
bit busy[N];		/* in a write */
#ifdef LOOK
bit looked[N];		/* the word is the one that was loaded last */
#endif
byte oth[N];		/* begun - b0; CAP: as much as matters */
byte c0[N];		/* col as it was loaded, with own; 0 once gen has changed */
byte L;			/* the truth */
#ifndef BOUND
byte F, F0, need[N], peak[N];
#endif
#ifdef LEAK
byte quiet, idle = N;
#endif

#define OTH(i) oth[i] = (i == me -> 0 : least(oth[i] + n, CAP))
#define PEAK(i) peak[i] = (need[i] && F > peak[i] -> F : peak[i])
#ifdef LOOK
#define LOOKED(i) looked[i] = 0
#else
#define LOOKED(i) skip
#endif
#define SAME(i) same[i] = 0; c0[i] = 0; LOOKED(i)

#ifdef BOUND
#define CHECK assert(L <= BOUND)
#define NEWLINE L = 0
#else
#define NEWLINE L = 0; F0 = F
#define CHECK assert(L <= MAX + F0 + peak[me])
#endif

#define SAY(what) printf("writer %d %e: n %d = r %d brk %d h %d nl %d t %d k %d; own %d %d; col %d blind %d line %d\n", me, what, n, r, brk, h, nl, t, k, ownc, ownb, col, blind, L)
#define EXTEND(x) if :: x > 0 -> L = L + x; CHECK :: else fi

#ifdef DEATHS
#ifdef LEAK
#define MAYDIE :: quiet < 2 -> goto dead
#else
#define MAYDIE :: goto dead
#endif
#else
#define MAYDIE
#endif

inline written() {
	SAY(wrote);
	n = 0; r = 0; brk = 0; h = 0; nl = 0; t = 0;
	if :: seen -> ownc = 0
	   :: else -> c0[me] = 0;
	      if :: ownb -> skip :: else -> oth[me] = CAP fi
#ifndef TODAY
	      ; if :: ownc -> k = least(k, ownc) :: else fi
#endif
	fi
}
/* What stays in flight is a dead one's where nobody has begun since, or where it is too much. */
inline land() {
#ifndef TODAY
	if
	:: blind == CROWDED -> blind = w
	:: else ->
		blind = less(blind, ownb);
#ifndef NOLAND
		if :: !w || blind > A -> blind = least(blind, w) :: else fi
#else
		skip
#endif
	fi;
#endif
	ownb = 0
}
/* More leaves than is in flight: the field borrows from begun. */
#define BORROW(i) oth[i] = (oth[i] == CAP -> CAP : (oth[i] -> oth[i] - 1 : CAP))
inline finish() {
	SAY(ends);
#ifndef BOUND
	F = F - need[me]; need[me] = 0; peak[me] = 0;
#endif
	oth[me] = CAP; same[me] = 0; LOOKED(me); c0[me] = 0; busy[me] = 0; alone = 0; whole = 0;
	n = 0; r = 0; h = 0; t = 0; brk = 0; nl = 0; seen = 0; k = 0; ownc = 0; ownb = 0; w = 0; nc = 0;
#ifdef LEAK
	idle++;
	if :: quiet == 3 && me == 0 -> assert(col == 0 && blind == 0) :: else fi
#endif
}

proctype writer(byte me) {
	byte n, r, h, t;	/* r bytes, break, h bytes, newline, t bytes */
	bit brk, nl, alone, whole;
	bit seen;		/* a newline or break went out */
	byte k;			/* bytes that went out since the beginning or the last newline */
	byte ownc, ownb, w, nc;
end:	do
#ifdef LEAK
	:: atomic { me == 0 && !quiet -> quiet = 1 }
#endif
	:: atomic {
#ifdef LEAK
		FIRST_IDLE && (!quiet || (me == 0 && idle == N && quiet < 3)) ->
		idle--;
#else
		FIRST_IDLE ->
#endif
		busy[me] = 1;
		if
#ifdef ONLYLINES
		:: nl = 1; select(h : 0 .. ONLYLINES); select(t : 0 .. ONLYLINES); n = h + t + 1;
#elif defined(ONLYPIECES)
		:: nl = 0; select(t : 1 .. S); n = t
#else
		:: nl = 0; select(t : 1 .. S); n = t
		:: nl = 1; select(n : 1 .. S); select(h : 0 .. n - 1); t = n - 1 - h;
#endif
		fi;
#ifdef LEAK
		if :: quiet -> quiet++; nl = 1; t = 0; h = 0; n = 1 :: else fi;
#endif
		/* begun += n */
		ALL(OTH);
		SAY(begins);
#ifndef BOUND
		F = F + n; need[me] = n;
		peak[me] = F; ALL(PEAK);
#endif
#ifndef ATONCE
	   }
	   /* the gate */
	   if MAYDIE :: atomic {
#endif
		same[me] = 1;
		if
#ifndef TODAY
		:: col + n <= OPEN && blind + n <= A ->
#ifndef NOALONE
			alone = !col && !blind;
#endif
			ownb = n; blind = blind + n; ALL(LOOKED)
#endif
		:: else ->
			if
			:: nl && col + h <= MAX || !nl && col + t <= OPEN ->
#ifndef TODAY
				ownc = (nl -> h : t);
#ifndef RESERVE
				if :: nl && n <= PB -> ownc = 0 :: else fi;
#endif
#endif
				skip
			:: else ->
				brk = 1;
				if :: !nl -> r = less(OPEN, col); t = t - r :: else -> r = 0 fi;
#ifdef NOBREAK
				assert(false);
#endif
#ifndef TODAY
				ownc = r;
#endif
			fi;
			if :: ownc -> col = col + ownc; ALL(LOOKED) :: else fi
		fi;
		n = n + (brk -> MARK + 1 : 0);
		if :: nl || brk -> c0[me] = col :: else -> if :: ownb -> skip :: else -> oth[me] = CAP fi fi;
		if :: alone -> same[me] = 0; c0[me] = 0; oth[me] = CAP; whole = nl && !t :: else fi
		; SAY(gated)
	   }
#ifndef ATONCE
	   fi
#endif
	   ;
	   /* the write */
	   if
	   :: n <= PB ->
	      if
	      MAYDIE
#ifdef SHORT
	      :: atomic { true; written() }
#endif
	      :: atomic { true;
		if :: brk -> EXTEND(r + MARK); NEWLINE; seen = 1 :: else fi;
		if :: nl -> EXTEND(h); NEWLINE; seen = 1 :: else fi;
		EXTEND(t); k = t;
		written() }
	      fi
	   :: else ->
		do
		:: atomic { true;
			if
			:: r -> r--; EXTEND(1); k++
			:: !r && brk -> brk = 0; EXTEND(MARK); NEWLINE; seen = 1; k = 0
			:: !r && !brk && nl && h -> h--; EXTEND(1); k++
			:: !r && !brk && nl && !h -> nl = 0; NEWLINE; seen = 1; k = 0
			:: !r && !brk && !nl && t -> t--; EXTEND(1); k++
			fi;
			if :: !r && !brk && !nl && !t -> written(); break :: else fi }
		MAYDIE
#ifdef SHORT
		:: atomic { true; whole = 0; written(); break }
#endif
		od
	   fi;
	   /* after it */
	   if
	   MAYDIE
	   :: atomic { !seen ->
#ifdef TODAY
		col = col + k; ALL(LOOKED);
#else
		if
		:: ownb ->
#ifdef FORGETS
			w = (alone -> CAP : oth[me]);
#else
			w = CROWDED;	/* nobody is taken for dead */
#endif
			land();
			col = col + k; ALL(LOOKED)
		:: ownc > k && same[me] -> col = less(col, ownc - k); ALL(LOOKED)
		:: else
		fi;
#endif
		finish() }
	   :: atomic { seen && alone && whole ->
		if
		:: blind == CROWDED
		:: blind != CROWDED && blind >= ownb -> blind = blind - ownb
		:: blind != CROWDED && blind < ownb -> blind = CROWDED; ALL(BORROW)
		fi;
		ownb = 0;
		finish() }
	   :: seen && !(alone && whole) ->
#ifdef LOOK
look:		atomic { looked[me] = 1; w = oth[me] };
#endif
		if
		MAYDIE
		:: atomic {
#ifdef LOOK
			if :: looked[me] -> skip :: !looked[me] -> w = 0; goto look fi;
#else
			true; w = oth[me];
#endif
#ifdef TODAY
				if :: same[me] -> nc = k + less(col, c0[me])
				   :: else -> nc = k + col fi;
#else
				if
				:: alone -> nc = k + col; w = CAP
				:: !alone && same[me] -> nc = k + least(less(col, c0[me]), w)
				:: else -> nc = least(most(col, k), k + w)
				fi;
				land();
#endif
				col = nc; ALL(SAME);
				finish() }
		fi
	   fi;
	   goto done;
dead:	   atomic { SAY(dies); finish() }
done:	   skip
	od
}
#define ASKS_NOTHING(i) oth[i] = CAP
init { atomic { ALL(ASKS_NOTHING); ALL(RUN) } }
