"""How do shared weights rank architectures (Yu et al. 2020, Sec. 4.3, Fig. 4)?"""
