//! Every page, as people meet it: what axe says, what the keyboard reaches, what it weighs, and whether anything
//! goes wrong in the browser.
