//! Sets of sequence numbers as sorted, disjoint intervals: lines that arrive in order cost no memory.
