# D5. 0f 58 is addps, 0f fc without 66 is MMX.
function f
bad:    .byte 0x0f,0xfc,0xc1
        ret
end f
