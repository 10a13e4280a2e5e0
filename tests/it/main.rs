mod diff_laws;
