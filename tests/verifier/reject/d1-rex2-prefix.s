# D1. d5 is the REX2 prefix of APX: processors without it raise #UD, others run something else.
function f
bad:    .byte 0xd5,0x08,0x89,0xc8
        ret
end f
