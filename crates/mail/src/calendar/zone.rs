//! Time zones: IANA's names, those of Windows, and what VTIMEZONE says.
