//! The HTTP interface: who calls, what is asked, what is answered.
