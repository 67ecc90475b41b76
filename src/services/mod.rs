//! What takes more than one repository call.
