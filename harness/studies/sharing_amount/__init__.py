"""Are cells that share more weights ranked worse (Yu et al. 2020, App. D.1, Table 5 and Fig. 6)?"""
