"""What does weight sharing cost each policy (Yu et al. 2020, Tables 3 and 4)?"""
