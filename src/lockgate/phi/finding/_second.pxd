# What `_second.py` has besides, where it is compiled.
cdef extern from "_second_lanes.h" nogil:
    const bint LANES_WIDE
    int lanes_lowest(unsigned int bits)
    void lanes_sum(const unsigned long long *table, int times, const unsigned int *rows, int n, short *x)
    void lanes_filter(const short *w, const int *b, const short *x, short *y)
    void lanes_blend(const short *w, const int *b, const short *y, short *x)
