mod diff_laws;
mod replay;
