# Twin of reject/d5-address-of-64-bits-with-67.s, without the fault.
function f
        movl %gs:0(,%eiz), %eax
        ret
end f
