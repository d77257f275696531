# D4. X̅ of EVEX extends vector registers and indices only.
function f
bad:    .byte 0x62,0xb1,0x77,0x08,0x7b,0xc1
        ret
end f
