# D5. Even with 65 67, moffs is no ModRM operand; assemblers and processors disagree on its length.
function f
bad:    .byte 0x65,0x67,0xa1,0,0,0,0
        ret
end f
