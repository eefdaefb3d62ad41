/* What the models of the word share: how many writers there are, how long a line may be, and what is said of all
 * writers at once. Each takes it in by #include. */
#ifndef N
#define N 2
#endif
#ifndef MAX
#define MAX 4
#endif
#ifndef MARK
#define MARK 0		/* bytes of a mark, which stands on the line that a break ends */
#endif
#ifdef NOROOM		/* a fault: no room is kept for it */
#define OPEN MAX
#else
#define OPEN (MAX-MARK)
#endif
#define least(a,b) ((a)<(b)->(a):(b))
#define most(a,b) ((a)>(b)->(a):(b))
#define less(a,b) ((a)>(b)->(a)-(b):0)
#if N == 1
#define ALL(x) x(0)
#elif N == 2
#define ALL(x) x(0); x(1)
#elif N == 3
#define ALL(x) x(0); x(1); x(2)
#endif
/* Where idle writers are alike, it is always the first of them that begins. */
#define FIRST_IDLE ((me == 0 || busy[0]) && (me < 2 || busy[1]))
#define RUN(i) run writer(i)
