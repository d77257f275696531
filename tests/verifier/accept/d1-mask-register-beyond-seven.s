# Twin of reject/d1-mask-register-beyond-seven.s, without the fault.
function f
        .byte 0xc5,0xf4,0x41,0xc2
        ret
end f
