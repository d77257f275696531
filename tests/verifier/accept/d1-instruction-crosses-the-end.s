# Twin of reject/d1-instruction-crosses-the-end.s, without the fault.
function f
        jmp f
end f
        .byte 0xcc,0xcc,0xcc,0xcc
