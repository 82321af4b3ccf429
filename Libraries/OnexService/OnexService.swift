// Module OnexService
