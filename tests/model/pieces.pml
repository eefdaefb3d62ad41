/* A write that goes out in several batches, each a write of its own to the pipe, with a look at the word before each: as
 * the emitter writes what needs more than one break, has more iovecs than a batch, or a mark that the pipe must not tear.
 *
 * Modelled: N writers (see word.pml) that have looked. A write is long (S bytes, with a newline behind them or without) or
 * short (a newline, at most a byte before it and one behind). A batch has at most B bytes: a part of the line, or what the
 * line has room for and a break behind it, then perhaps all the rest, or a whole line and a second break. The pipe takes PB
 * bytes whole; it may take a part of a batch, which ends the write (SHORT). A writer may die between any two steps, batches
 * too (DEATHS).
 *
 * Each batch counts in `begun` before it goes out, so what is in flight, and what a line may be longer than max by, is
 * batches: not all that the writers' calls still have to write.
 *
 * Not modelled: writers that go blind or alone, which never come here; the step between a look and the counting of the batch.
 *
 * DEFINITIONS. BOUND: the line's; without it max and all batches that were in flight (the last one included) when the line
 * began, and at most while its last one was made. Faults: ONCE: a write counts as begun when it begins, and never again.
 * NOROOM: none is kept for the mark. For a counterexample see word.pml: r bytes, a break, m bytes, a second break, h bytes, a
 * newline, t bytes; rest, fin and after are what is left for later batches. */
#ifndef PB
#define PB 2		/* bytes that the pipe takes whole */
#endif
#ifndef B
#define B PB		/* bytes of a batch */
#endif
#ifndef S
#define S 5
#endif
#ifndef CAP
#define CAP (MAX+S)
#endif
#define TEXT (MARK+1)	/* what breaks a line */

#include "line.pml"

mtype = { begins, gated, wrote, ends, dies };
byte col;		/* the word */
bit same[N];		/* gen is the one that was loaded */
bit busy[N];		/* in a write */
byte oth[N];		/* begun - b0; CAP: as much as matters */
byte c0[N];		/* col as it was loaded, with own; 0 once gen has changed */
byte L;			/* the truth */
#ifndef BOUND
byte F, F0, need[N], peak[N];
#endif
#define OTH(i) oth[i] = (i == me -> 0 : least(oth[i] + n, CAP))
#define PEAK(i) peak[i] = (need[i] && F > peak[i] -> F : peak[i])
#define SAME(i) same[i] = 0; c0[i] = 0
#ifdef BOUND
#define CHECK assert(L <= BOUND)
#define NEWLINE L = 0
#else
#define NEWLINE L = 0; F0 = F
#define CHECK assert(L <= MAX + F0 + peak[me])
#endif
#define EXTEND(x) if :: x > 0 -> L = L + x; CHECK :: else fi
#define SAY(what) printf("writer %d %e: rest %d fin %d after %d; r %d brk %d m %d brk2 %d h %d nl %d t %d k %d; own %d; col %d line %d\n", me, what, rest, fin, after, r, brk, m, brk2, h, nl, t, k, ownc, col, L)
#ifdef DEATHS
#define MAYDIE :: goto dead
#else
#define MAYDIE
#endif
inline lands() {
#ifndef BOUND
	F = F - need[me]; need[me] = 0; peak[me] = 0;
#endif
	oth[me] = CAP; same[me] = 0; c0[me] = 0;
	n = 0; r = 0; brk = 0; m = 0; brk2 = 0; h = 0; nl = 0; t = 0; seen = 0; k = 0; ownc = 0; whole = 0
}
inline finish() {
	SAY(ends);
	lands();
	rest = 0; fin = 0; after = 0; 
	busy[me] = 0;
}
proctype writer(byte me) {
	byte rest, after;	/* what is left: rest bytes, a newline, after bytes */
	bit fin;
	bit first;		/* no batch is out yet */
	byte n, r, m, h, t;	/* the batch */
	bit brk, brk2, nl;
	bit seen;		/* a newline or break went out */
	bit whole;		/* all of the batch went out */
	byte k;			/* bytes that went out since the beginning or the last newline */
	byte ownc, w;
end:	do
	:: atomic {
		FIRST_IDLE -> busy[me] = 1;
		if
		:: rest = S
		:: fin = 1; rest = S
		:: fin = 1; if :: rest = 0 :: rest = 1 fi; if :: after = 0 :: after = 1 fi
		fi;
		first = 1; n = rest + fin + after;
		ALL(OTH);
		SAY(begins);
#ifndef BOUND
		F = F + least(n, B); need[me] = least(n, B); peak[me] = F; ALL(PEAK);
#endif
	   }
again:
	   if MAYDIE :: atomic {
		same[me] = 1; oth[me] = 0; n = 0;
		/* the batch */
		if
		:: (fin && col + rest <= MAX) || (!fin && col + rest <= OPEN) -> /* all of it passes */
			if
			:: rest + fin + after <= B -> if :: fin -> h = rest; nl = 1; t = after :: else -> t = rest fi; rest = 0; fin = 0; after = 0
			:: else -> t = least(B, rest); rest = rest - t
			fi
		:: else ->
			if :: fin && first && col && rest <= MAX -> r = 0 :: else -> r = less(OPEN, col) fi;
			if
			:: r + TEXT > B -> t = least(r, r + TEXT - B); rest = rest - t; r = 0
			:: else -> brk = 1; rest = rest - r;
				if
				:: true
				:: fin && rest <= MAX && r + TEXT + rest + 1 + after <= B -> h = rest; nl = 1; t = after; rest = 0; fin = 0; after = 0
				:: !fin && rest <= OPEN && r + TEXT + rest <= B -> t = rest; rest = 0
				:: rest > OPEN && r + TEXT + OPEN + TEXT <= B -> m = OPEN; brk2 = 1; rest = rest - m
				fi
			fi
		fi;
		ownc = (brk -> r : (nl -> h : t));
		n = r + m + h + nl + t;
#ifndef ONCE
		if :: !first -> ALL(OTH) :: else fi;
#endif
#ifndef BOUND
		F = F + n - need[me]; need[me] = n; peak[me] = F; ALL(PEAK);
#endif
		n = n + (brk + brk2) * TEXT;
		if :: nl && !brk && n <= PB -> ownc = 0 :: else fi;
		first = 0;
		col = col + ownc;
		if :: nl || brk -> c0[me] = col :: else -> oth[me] = CAP fi;
		SAY(gated)
	   } fi;
	   /* the write */
	   if
	   :: n <= PB ->
	      if
	      MAYDIE
#ifdef SHORT
	      :: atomic { true; r = 0; brk = 0; m = 0; brk2 = 0; h = 0; nl = 0; t = 0; n = 0; SAY(wrote) }
#endif
	      :: atomic { true;
		if :: brk -> EXTEND(r + MARK); NEWLINE; seen = 1 :: else fi;
		if :: brk2 -> EXTEND(m + MARK); NEWLINE :: else fi;
		if :: nl -> EXTEND(h); NEWLINE; seen = 1 :: else fi;
		EXTEND(t); k = t; whole = 1;
		r = 0; brk = 0; m = 0; brk2 = 0; h = 0; nl = 0; t = 0; n = 0;
		SAY(wrote) }
	      fi
	   :: else ->
		do
		:: atomic { true;
			if
			:: r -> r--; EXTEND(1); k++
			:: !r && brk -> brk = 0; EXTEND(MARK); NEWLINE; seen = 1; k = 0
			:: !r && !brk && m -> m--; EXTEND(1); k++
			:: !r && !brk && !m && brk2 -> brk2 = 0; EXTEND(MARK); NEWLINE; seen = 1; k = 0
			:: !r && !brk && !m && !brk2 && nl && h -> h--; EXTEND(1); k++
			:: !r && !brk && !m && !brk2 && nl && !h -> nl = 0; NEWLINE; seen = 1; k = 0
			:: !r && !brk && !m && !brk2 && !nl && t -> t--; EXTEND(1); k++
			fi;
			if :: !r && !brk && !m && !brk2 && !nl && !t -> whole = 1; n = 0; SAY(wrote); break :: else fi }
		MAYDIE
#ifdef SHORT
		:: atomic { true; r = 0; brk = 0; m = 0; brk2 = 0; h = 0; nl = 0; t = 0; n = 0; SAY(wrote); break }
#endif
		od
	   fi;
	   if
	   MAYDIE
	   :: atomic { !seen ->
		if
		:: ownc >= k -> if :: same[me] -> col = less(col, ownc - k) :: else fi
		:: else -> col = col + k - ownc
		fi }
	   :: atomic { seen ->
		w = oth[me];
		if
		:: same[me] -> col = k + least(less(col, c0[me]), w)
		:: else -> col = least(most(col, k), k + w)
		fi;
		w = 0; ALL(SAME) }
	   fi;
	   atomic {
	   if
	   :: whole && rest + fin -> lands(); goto again
	   :: else -> finish(); goto done
	   fi };
dead:	   atomic { SAY(dies); finish() }
done:	   skip
	od
}
#define ASKS_NOTHING(i) oth[i] = CAP
init { atomic { ALL(ASKS_NOTHING); ALL(RUN) } }
