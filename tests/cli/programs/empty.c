/* A library with nothing in it: what any library costs that is loaded. */
extern int empty;
int empty;
