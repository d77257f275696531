# D4. A rounding mode on a conversion that is always exact; other decoders do not know it.
function f
bad:    .byte 0x62,0xf1,0x7e,0x58,0xe6,0xc1
        ret
end f
