"""How good the table default is: Lamina beside its peers' defaults on real tables, same splits, one thread each."""
