# D1. vvvv names one of eight mask registers.
function f
bad:    .byte 0xc5,0xb4,0x41,0xc2
        ret
end f
