# Twin of reject/d5-return-with-immediate.s, without the fault.
function f
        retq
end f
