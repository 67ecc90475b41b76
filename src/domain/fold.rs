//! One folding of text for everything that compares, searches or sorts.
