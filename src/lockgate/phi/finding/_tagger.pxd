# What `_tagger.py` has besides, where it is compiled.
cdef extern from *:
    """
    static inline void tagger_fetch(const void *where) {
    #if defined(__GNUC__)
        __builtin_prefetch(where);
    #endif
    }
    """
    void tagger_fetch(const void *where) noexcept nogil
