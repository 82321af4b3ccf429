// Module OnexPostgres
