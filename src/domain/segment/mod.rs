//! Segments: a saved rule tree over contacts or over companies.
