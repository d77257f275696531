# D1. The last instruction continues behind the function, where another meaning could lie.
function f
bad:    .byte 0xe9
end f
        .byte 0xcc,0xcc,0xcc,0xcc
